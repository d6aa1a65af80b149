//! The compile target of plugins, the plugins, and where everything lands.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::step::{cargo, execute, output, root};

const TARGET: &str = "wasm32-wasip2";

/// What the workspace holds, as cargo tells it.
pub(crate) struct Workspace {
    /// Where cargo builds.
    pub(crate) target: PathBuf,
    members: Vec<Member>,
}

/// A package that becomes a component.
struct Member {
    package: String,
    kind: Kind,
    features: Vec<String>,
}

enum Kind {
    /// Served by the host from its start.
    Plugin {
        name: String,
    },
    /// Loaded by tests.
    Component,
    Other,
}

impl Workspace {
    pub(crate) fn read() -> anyhow::Result<Workspace> {
        let text = output(cargo().args(["metadata", "--no-deps", "--format-version", "1"]))
            .context("`cargo metadata` fails here")?;
        let metadata: Value = serde_json::from_str(&text)?;
        let target = metadata["target_directory"]
            .as_str()
            .context("no target directory in the metadata")?
            .into();
        let packages = metadata["packages"]
            .as_array()
            .context("no packages in the metadata")?;
        let members = packages.iter().filter_map(Member::read).collect();
        Ok(Workspace { target, members })
    }

    /// Builds every plugin to `<target>/<profile>/plugins/NAME.wasm`, where the host of that profile looks for them.
    pub(crate) fn build_plugins(&self, profile: &str) -> anyhow::Result<()> {
        self.build(profile, |kind| matches!(kind, Kind::Plugin { .. }))
    }

    /// Builds the plugins, and what tests load besides to `<target>/<profile>/components/PACKAGE.wasm`.
    pub(crate) fn build_components(&self, profile: &str) -> anyhow::Result<()> {
        self.build(profile, |kind| !matches!(kind, Kind::Other))
    }

    fn build(&self, profile: &str, wanted: impl Fn(&Kind) -> bool) -> anyhow::Result<()> {
        ensure_target()?;
        let members: Vec<&Member> = self
            .members
            .iter()
            .filter(|member| wanted(&member.kind))
            .collect();
        // Each feature of a component of the tests is another component, `components/PACKAGE-FEATURE.wasm`. Before the
        // rest, because all of them come out under the package's name.
        for member in members
            .iter()
            .filter(|member| matches!(member.kind, Kind::Component))
        {
            for feature in &member.features {
                compile(&[member], &["--features", feature])?;
                self.place(member, profile, &format!("-{feature}"))?;
            }
        }
        compile(&members, &[])?;
        for member in members {
            self.place(member, profile, "")?;
        }
        Ok(())
    }

    fn place(&self, member: &Member, profile: &str, suffix: &str) -> anyhow::Result<()> {
        let (folder, name) = match &member.kind {
            Kind::Plugin { name } => ("plugins", name),
            Kind::Component | Kind::Other => ("components", &member.package),
        };
        let from = self.target.join(TARGET).join("plugin").join(member.file());
        replace(
            &from,
            &self
                .target
                .join(profile)
                .join(folder)
                .join(format!("{name}{suffix}.wasm")),
        )
    }
}

fn compile(members: &[&Member], options: &[&str]) -> anyhow::Result<()> {
    let mut command = cargo();
    command
        .args(["build", "--locked", "--profile", "plugin", "--target", TARGET])
        .args(options);
    for member in members {
        command.args(["-p", &member.package]);
    }
    execute(&mut command)
}

impl Member {
    fn read(package: &Value) -> Option<Member> {
        let name = package["name"].as_str()?;
        let manifest = package["manifest_path"].as_str()?;
        let makes_component = package["targets"].as_array()?.iter().any(|target| {
            target["crate_types"]
                .as_array()
                .is_some_and(|types| types.iter().any(|kind| kind == "cdylib"))
        });
        let kind = match (makes_component, name.strip_prefix("mooring-plugin-")) {
            (false, _) => Kind::Other,
            (true, Some(plugin)) if !manifest.contains("/tests/components/") => Kind::Plugin {
                name: plugin.to_owned(),
            },
            (true, _) => Kind::Component,
        };
        let features = package["features"]
            .as_object()?
            .keys()
            .filter(|name| *name != "default");
        Some(Member {
            package: name.to_owned(),
            kind,
            features: features.cloned().collect(),
        })
    }

    fn file(&self) -> String {
        format!("{}.wasm", self.package.replace('-', "_"))
    }
}

/// The standard library for plugins, installed where it is missing.
fn ensure_target() -> anyhow::Result<()> {
    let installed = || {
        output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]))
            .is_some_and(|folder| Path::new(&folder).is_dir())
    };
    if installed() {
        return Ok(());
    }
    eprintln!("the target {TARGET} is missing: rustup target add {TARGET}");
    let added = execute(Command::new("rustup").args(["target", "add", TARGET]));
    if !installed() {
        added?;
        bail!(
            "the target {TARGET} is not installed for the toolchain of {}",
            root().display()
        );
    }
    Ok(())
}

/// Puts a file in place in one step, so that a host that starts meanwhile reads the old one or the new one.
fn replace(from: &Path, to: &Path) -> anyhow::Result<()> {
    let folder = to.parent().context("a file has a folder")?;
    std::fs::create_dir_all(folder)?;
    let fresh = to.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::copy(from, &fresh).with_context(|| format!("cannot copy {}", from.display()))?;
    std::fs::rename(&fresh, to)?;
    Ok(())
}
