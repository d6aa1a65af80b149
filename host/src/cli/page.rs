//! The options of every list.

/// Which part of a list to show.
#[derive(Debug, clap::Args)]
pub(super) struct Page {
    /// Items to skip
    #[arg(long, default_value_t = 0)]
    offset: u64,
    /// Items to show
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
    /// Start with the first one made
    #[arg(long)]
    oldest_first: bool,
}

impl Page {
    pub(super) fn query(&self) -> Vec<(&'static str, String)> {
        let order = if self.oldest_first {
            "oldest-first"
        } else {
            "newest-first"
        };
        vec![
            ("offset", self.offset.to_string()),
            ("limit", self.limit.to_string()),
            ("order", order.to_owned()),
        ]
    }

    /// With filters, those left out left out.
    pub(super) fn query_with<const N: usize>(
        &self,
        filters: [(&'static str, Option<String>); N],
    ) -> Vec<(&'static str, String)> {
        let mut query = self.query();
        query.extend(
            filters
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        query
    }
}
