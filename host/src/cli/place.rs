//! A plugin of a tenant, as commands name it.

#[derive(Debug, clap::Args)]
pub(super) struct Place {
    #[arg(long)]
    tenant: String,
    #[arg(long)]
    plugin: String,
}

impl Place {
    /// The path of what a tenant has of a plugin: `settings`.
    pub(super) fn path<'p>(&'p self, what: &'p str) -> [&'p str; 5] {
        ["tenants", &self.tenant, "plugins", &self.plugin, what]
    }
}
