//! What was measured, and whether it keeps what is promised.

/// Lines in the order of measuring.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
}

struct Line {
    name: String,
    value: f64,
    unit: &'static str,
    goal: Option<Goal>,
}

#[derive(Clone, Copy)]
enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

impl Report {
    /// For comparison only.
    pub(crate) fn note(&mut self, name: &str, value: f64, unit: &'static str) {
        self.add(name, value, unit, None);
    }

    /// Promised.
    pub(crate) fn at_most(&mut self, name: &str, value: f64, goal: f64, unit: &'static str) {
        self.add(name, value, unit, Some(Goal::AtMost(goal)));
    }

    /// Promised.
    pub(crate) fn at_least(&mut self, name: &str, value: f64, goal: f64, unit: &'static str) {
        self.add(name, value, unit, Some(Goal::AtLeast(goal)));
    }

    /// Whether a promise is not kept.
    pub(crate) fn missed(&self) -> bool {
        self.lines.iter().any(|line| !line.kept())
    }

    /// A table in Markdown, ready for BENCHMARKS.md.
    pub(crate) fn print(&self) {
        println!("\n| what | measured | promised | |\n| --- | ---: | ---: | --- |");
        for line in &self.lines {
            let (goal, verdict) = match line.goal {
                None => (String::new(), ""),
                Some(Goal::AtMost(goal)) => (format!("≤ {goal} {}", line.unit), line.verdict()),
                Some(Goal::AtLeast(goal)) => (format!("≥ {goal} {}", line.unit), line.verdict()),
            };
            println!(
                "| {} | {} {} | {goal} | {verdict} |",
                line.name,
                rounded(line.value),
                line.unit
            );
        }
    }

    fn add(&mut self, name: &str, value: f64, unit: &'static str, goal: Option<Goal>) {
        eprintln!("{name}: {} {unit}", rounded(value));
        self.lines.push(Line {
            name: name.to_owned(),
            value,
            unit,
            goal,
        });
    }
}

impl Line {
    fn kept(&self) -> bool {
        match self.goal {
            None => true,
            Some(Goal::AtMost(goal)) => self.value <= goal,
            Some(Goal::AtLeast(goal)) => self.value >= goal,
        }
    }

    fn verdict(&self) -> &'static str {
        if self.kept() { "kept" } else { "**missed**" }
    }
}

/// Three digits that mean something.
fn rounded(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{middle:.1}"),
        _ => format!("{value:.2}"),
    }
}
