//! Who waits for the end of a job.

use std::collections::HashMap;

use mooring_core::ids::JobId;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// Waiting answers, by job. Most jobs have none.
#[derive(Debug, Default)]
pub(super) struct JobEnds(Mutex<HashMap<JobId, Vec<oneshot::Sender<()>>>>);

impl JobEnds {
    /// Resolves at the next end of this job. Ask for it first, and look whether the job has ended already afterwards.
    pub(super) fn next(&self, job: &JobId) -> oneshot::Receiver<()> {
        let (send, receive) = oneshot::channel();
        self.0.lock().entry(job.clone()).or_default().push(send);
        receive
    }

    /// Wakes whoever waits for this job.
    pub(super) fn ended(&self, job: &JobId) {
        let waiting = self.0.lock().remove(job).unwrap_or_default();
        for one in waiting {
            // Who gave up waiting is not there any more.
            let _ = one.send(());
        }
    }

    /// Lets go of those who gave up waiting for this job. Drop the receiver first.
    pub(super) fn forget(&self, job: &JobId) {
        let mut waiting = self.0.lock();
        if let Some(these) = waiting.get_mut(job) {
            these.retain(|one| !one.is_closed());
            if these.is_empty() {
                waiting.remove(job);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(last: char) -> JobId {
        JobId::parse(&format!("job_{}{last}", "0".repeat(21))).unwrap()
    }

    #[test]
    fn an_end_wakes_everybody_who_waits_for_that_job() {
        let ends = JobEnds::default();
        let (mut one, mut two, mut other) = (ends.next(&id('1')), ends.next(&id('1')), ends.next(&id('2')));
        ends.ended(&id('1'));
        assert_eq!((one.try_recv(), two.try_recv()), (Ok(()), Ok(())));
        assert!(other.try_recv().is_err());
    }

    #[test]
    fn who_gives_up_leaves_nothing_behind() {
        let ends = JobEnds::default();
        let (one, two) = (ends.next(&id('1')), ends.next(&id('1')));
        drop(one);
        ends.forget(&id('1'));
        assert_eq!(ends.0.lock()[&id('1')].len(), 1);
        drop(two);
        ends.forget(&id('1'));
        assert!(ends.0.lock().is_empty());
    }
}
