//! Where plugins answer, and what their neighbours can do: what goes into links, and what a payment asks of its gateway.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use mooring_core::ids::{PluginName, TenantName};
use mooring_core::plugins::Mount;
use mooring_manifest::{Gateway, Manifest};

/// The segment below a gateway's mount where notifications arrive, followed by the tenant's name.
pub const NOTIFICATIONS: &str = "notifications";

/// What a gateway adds to a page's query when it sends the payer back: the payer has done there what there was to do.
pub const RETURNED: &str = "returned";

/// As [`RETURNED`]: the payer has given up there.
pub const GAVE_UP: &str = "gave-up";

/// Every plugin that is loaded. Readers never wait.
#[derive(Debug)]
pub struct Directory {
    /// Scheme, host and port under which the world reaches this host; no slash at its end.
    public_url: String,
    listed: ArcSwap<BTreeMap<PluginName, Listed>>,
}

/// A plugin of the directory.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Where it answers.
    pub mount: Mount,
    /// What it says of itself.
    pub manifest: Arc<Manifest>,
}

impl Directory {
    /// An empty one.
    pub(crate) fn new(public_url: String) -> Directory {
        Directory {
            public_url,
            listed: ArcSwap::default(),
        }
    }

    /// Replaces all of it.
    pub(crate) fn set(&self, listed: BTreeMap<PluginName, Listed>) {
        self.listed.store(Arc::new(listed));
    }

    /// Scheme, host and port under which the world reaches this host; no slash at its end.
    pub fn public_url(&self) -> &str {
        &self.public_url
    }

    /// Where the payer of this plugin's payment pays. Empty for a plugin without a hosted page.
    pub fn pay_url(&self, plugin: &PluginName, reference: &str) -> String {
        let listed = self.listed.load();
        let Some((plugin, checkout)) = listed
            .get(plugin)
            .and_then(|listed| Some((listed, listed.manifest.checkout.as_ref()?)))
        else {
            return String::new();
        };
        let path = checkout.path.replace("{reference}", reference);
        format!("{}{path}", self.base_url(&plugin.mount))
    }

    /// Where a gateway sends the payer back to: the page, with the way of coming back in its query ([`RETURNED`],
    /// [`GAVE_UP`]). Empty for a plugin without a hosted page.
    pub fn return_url(&self, plugin: &PluginName, reference: &str, way: &str) -> String {
        match self.pay_url(plugin, reference) {
            page if page.is_empty() => page,
            page => format!("{page}?{way}"),
        }
    }

    /// Where a gateway's notifications for this tenant arrive. Empty for a plugin that is not loaded.
    pub fn notify_url(&self, gateway: &PluginName, tenant: &TenantName) -> String {
        let listed = self.listed.load();
        listed.get(gateway).map_or_else(String::new, |gateway| {
            format!("{}/{NOTIFICATIONS}/{tenant}", self.base_url(&gateway.mount))
        })
    }

    /// What a gateway offers, if one of this name is loaded.
    pub fn gateway(&self, name: &PluginName) -> Option<Gateway> {
        self.listed.load().get(name)?.manifest.gateway.clone()
    }

    /// A mount's address: its own host name, if it has one, with the scheme and port of the public address.
    pub fn base_url(&self, mount: &Mount) -> String {
        let prefix = &mount.prefix;
        match (&mount.host, self.public_url.split_once("://")) {
            (Some(host), Some((scheme, authority))) => {
                // A colon belongs to a port, except inside the brackets of an IPv6 address.
                let name_ends = authority.rfind(']').unwrap_or(0);
                let port = authority[name_ends..]
                    .find(':')
                    .map_or("", |at| &authority[name_ends + at..]);
                format!("{scheme}://{host}{port}{prefix}")
            }
            _ => format!("{}{prefix}", self.public_url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(public_url: &str, host: Option<&str>, prefix: &str) -> Directory {
        let manifest = serde_json::json!({
            "name": "acme", "version": "1.0.0", "summary": "", "routes": [],
            "checkout": {"path": "/pay/{reference}", "name_setting": "shop", "provider": "Acme"},
        });
        let directory = Directory::new(public_url.to_owned());
        directory.set(BTreeMap::from([(
            name("acme"),
            Listed {
                mount: Mount {
                    host: host.map(str::to_owned),
                    prefix: prefix.to_owned(),
                },
                manifest: Arc::new(serde_json::from_value(manifest).unwrap()),
            },
        )]));
        directory
    }

    fn name(name: &str) -> PluginName {
        PluginName::parse(name).unwrap()
    }

    #[test]
    fn links_lead_below_the_mount() {
        for (public_url, host, prefix, link) in [
            (
                "https://pay.example",
                None,
                "/acme",
                "https://pay.example/acme/pay/r1",
            ),
            ("http://127.0.0.1:8080", None, "", "http://127.0.0.1:8080/pay/r1"),
            (
                "http://127.0.0.1:8080",
                Some("a.example"),
                "",
                "http://a.example:8080/pay/r1",
            ),
            (
                "http://[::1]:8080",
                Some("a.example"),
                "/x",
                "http://a.example:8080/x/pay/r1",
            ),
            ("http://[::1]", Some("a.example"), "", "http://a.example/pay/r1"),
        ] {
            let directory = directory(public_url, host, prefix);
            assert_eq!(directory.pay_url(&name("acme"), "r1"), link);
        }
    }

    #[test]
    fn who_is_not_loaded_has_no_link() {
        let directory = directory("https://pay.example", None, "/acme");
        let tenant = TenantName::parse("demo").unwrap();
        assert_eq!(directory.pay_url(&name("other"), "r1"), "");
        assert_eq!(directory.notify_url(&name("other"), &tenant), "");
        assert_eq!(
            directory.notify_url(&name("acme"), &tenant),
            "https://pay.example/acme/notifications/demo"
        );
        assert!(directory.gateway(&name("acme")).is_none());
    }
}
