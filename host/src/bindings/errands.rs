//! Calls to the world that a job asks for.
//!
//! A run that asks for something new is stopped there. The host makes the call outside of any transaction, and runs the job
//! again from its start with one answer more, until it needs nothing new.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A call, as the plugin asks for it: the host knows where the target is and what it wants to see for a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Errand {
    pub(crate) target: String,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    #[serde(with = "hexadecimal")]
    pub(crate) body: Vec<u8>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Returned {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    #[serde(with = "hexadecimal")]
    pub(crate) body: Vec<u8>,
}

/// Why nothing came back. Mirrors `outbound.outbound-error` of the WIT as far as a call that is made can end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum NoReturn {
    NotConfigured(String),
    Refused(String),
    Unreachable(String),
    TimedOut,
    TooLarge,
    Internal(String),
}

/// A call that has been made, as it is kept with the job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answered {
    pub(crate) errand: Errand,
    pub(crate) answer: Result<Returned, NoReturn>,
}

/// The calls of one attempt of a job: those that have been answered, in order, and the one that has not.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    answered: Arc<Vec<Answered>>,
    given: usize,
    asked: Option<Errand>,
}

impl Errands {
    pub(crate) fn new(answered: &Arc<Vec<Answered>>) -> Errands {
        Errands {
            answered: Arc::clone(answered),
            given: 0,
            asked: None,
        }
    }

    /// The answer, if the runs before this one got that far and asked the same; otherwise the run must stop.
    pub(crate) fn answer(&mut self, errand: Errand) -> Option<Result<Returned, NoReturn>> {
        match self.answered.get(self.given) {
            Some(answered) if answered.errand == errand => {
                self.given += 1;
                Some(answered.answer.clone())
            }
            _ => {
                self.asked = Some(errand);
                None
            }
        }
    }

    /// What the run stopped at, and how many answers it had used up to there. Answers beyond those belong to another way
    /// that an earlier run took, and are void.
    pub(crate) fn stopped_at(self) -> Option<(Errand, usize)> {
        self.asked.map(|errand| (errand, self.given))
    }
}

/// Bytes that need not be text, inside JSON.
mod hexadecimal {
    use serde::{Deserialize as _, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errand(path: &str) -> Errand {
        Errand {
            target: "panel".to_owned(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    fn answered(path: &str, status: u16) -> Answered {
        Answered {
            errand: errand(path),
            answer: Ok(Returned {
                status,
                headers: Vec::new(),
                body: b"\xff".to_vec(),
            }),
        }
    }

    #[test]
    fn answers_come_in_order_and_then_the_run_stops() {
        let answers = Arc::new(vec![answered("/a", 200), answered("/b", 404)]);
        let mut errands = Errands::new(&answers);
        assert_eq!(errands.answer(errand("/a")), Some(answers[0].answer.clone()));
        assert_eq!(errands.answer(errand("/b")), Some(answers[1].answer.clone()));
        assert_eq!(errands.answer(errand("/c")), None);
        assert_eq!(errands.stopped_at(), Some((errand("/c"), 2)));
    }

    #[test]
    fn a_run_that_takes_another_way_voids_the_answers_that_are_left() {
        let answers = Arc::new(vec![answered("/a", 200), answered("/b", 404)]);
        let mut errands = Errands::new(&answers);
        assert!(errands.answer(errand("/a")).is_some());
        assert_eq!(errands.answer(errand("/other")), None);
        assert_eq!(errands.stopped_at(), Some((errand("/other"), 1)));
    }

    #[test]
    fn answers_survive_being_kept() {
        let kept = serde_json::to_string(&answered("/a", 200)).unwrap();
        assert_eq!(
            serde_json::from_str::<Answered>(&kept).unwrap(),
            answered("/a", 200)
        );
    }
}
