//! Telling plugins what has happened to payments that they made, in the transaction in which it happens.
//!
//! The core leaves announcements in a work; each is handed to `on-event` of its plugin, in an instance of its own, with
//! the work in its hands. What those write commits with what they were told of, and may have announcements of its own.
//!
//! Money waits for no plugin. One that fails at an event has half written into the transaction, so the whole chain is run
//! again, with its events put off: they become jobs in the same transaction. A plugin that is not loaded, or stopped by its
//! breaker, is told later too. Events of a plugin that are put off may arrive after later ones that are not.

use std::collections::BTreeSet;

use mooring_core::ids::PluginName;
use mooring_core::payments::{self, Announcement};
use mooring_core::work::Work;
use mooring_store::StoreError;

use super::Shared;
use super::call::{blame, report};
use super::plugin::Plugin;
use super::program::Run;
use crate::bindings::{Caller, Desk};
use crate::exchange::Usage;

/// The plugins that are told later, in this chain of runs.
#[derive(Debug, Default)]
pub(super) struct PutOff(BTreeSet<PluginName>);

/// Why a work cannot be committed as it is.
pub(super) enum Untold {
    /// A plugin has failed and is put off, or the work lost already: run the chain again from its start.
    Again,
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for Untold {
    fn from(error: StoreError) -> Untold {
        Untold::Store(error)
    }
}

impl Shared {
    /// Tells what has happened in `work`, until nothing more happens. Gives the work back, acting for whoever was told last.
    pub(super) fn tell(&self, mut work: Work, put_off: &mut PutOff) -> Result<Work, Untold> {
        let mut stage = 0;
        loop {
            let announcements = work.take_announcements();
            if announcements.is_empty() {
                return Ok(work);
            }
            for announcement in announcements {
                stage += 1;
                let listener = self.listener(&announcement.plugin, put_off);
                work = match listener {
                    Some(plugin) if stage <= self.limits.events_per_call_max => {
                        self.tell_one(work, &plugin, &announcement, stage, put_off)?
                    }
                    _ => {
                        payments::announce_later(&mut work, announcement)?;
                        work
                    }
                };
            }
        }
    }

    /// The plugin, if it can be told now.
    fn listener(&self, name: &PluginName, put_off: &PutOff) -> Option<std::sync::Arc<Plugin>> {
        if put_off.0.contains(name) {
            return None;
        }
        let plugin = self.ready_plugin(name)?;
        plugin.program().is_some().then_some(plugin)
    }

    fn tell_one(
        &self,
        work: Work,
        plugin: &Plugin,
        announcement: &Announcement,
        stage: usize,
        put_off: &mut PutOff,
    ) -> Result<Work, Untold> {
        let payment = announcement.payment.id.as_str();
        let (mut desk, told) = self.on_event(work, plugin, announcement, stage);
        let work = desk
            .take_work()
            .expect("it was put in, and only the host takes it out");
        match told {
            Ok(()) => Ok(work),
            // It may have failed at a state that is gone.
            Err(_) if !work.is_current() => Err(Untold::Again),
            Err(reason) => {
                tracing::warn!(plugin = %plugin.facts.name, payment, %reason, "a plugin is told of a payment later");
                put_off.0.insert(plugin.facts.name.clone());
                Err(Untold::Again)
            }
        }
    }

    /// One run of `on-event`, counted and logged. Gives the desk back with the work, and how the plugin failed.
    pub(super) fn on_event(
        &self,
        work: Work,
        plugin: &Plugin,
        announcement: &Announcement,
        stage: usize,
    ) -> (Desk, Result<(), String>) {
        let id = announcement.payment.id.as_str();
        let (draws, tenant) = (work.draws().clone(), work.tenant().clone());
        let work = work.acting_for(plugin.facts.name.clone());
        let desk = Desk::new(&self.office, &plugin.facts, &draws, Caller::Host(tenant)).within(work, stage);
        let Some(program) = plugin.program() else {
            return (desk, Err("it is a gateway".to_owned()));
        };
        let Run { desk, fuel, result } = program.on_event(desk, announcement);
        report(plugin, id, &desk.log);
        let usage = Usage {
            fuel,
            host_calls: desk.spent.host_calls,
            ..Usage::default()
        };
        plugin.count(None, &usage, result.is_err());
        let told = match result {
            Ok(told) => {
                plugin.breaker.succeeded();
                told
            }
            Err(fault) => {
                blame(plugin, id, &fault);
                Err(format!("the plugin failed: {fault}"))
            }
        };
        (desk, told)
    }
}
