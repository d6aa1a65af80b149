//! What a request draws from outside itself: the clock, randomness, and expensive pure results.
//!
//! A handler may run several times before its transaction commits. All its runs share one [`Draws`], so each run sees
//! the same moment and the same random bytes, and no run hashes a password that an earlier one has hashed.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rand::rngs::ChaCha20Rng;
use rand::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

use crate::passwords::{self, PasswordHash};
use crate::time::Timestamp;

/// One request's clock, seed and memory of password hashes. Shared by its runs, dropped with it.
pub struct Draws {
    now: Timestamp,
    seed: [u8; 32],
    /// Digest of what was asked for, to the answer. Written by whichever run asks first.
    hashes: Mutex<HashMap<[u8; 32], PasswordHash>>,
    verdicts: Mutex<HashMap<[u8; 32], bool>>,
    /// Of each sequence what was drawn from it, in order: by the first run that came so far.
    numbers: Mutex<HashMap<Vec<u8>, Vec<u64>>>,
}

impl Draws {
    /// Draws for a request that begins at this moment, with a seed from the operating system.
    pub fn new(now: Timestamp) -> Result<Arc<Draws>, getrandom::Error> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Draws::with_seed(now, seed))
    }

    /// Draws that can be had again: for replaying a request, and for tests. A seed that is kept is as secret as the keys
    /// that were drawn from it.
    pub fn with_seed(now: Timestamp, seed: [u8; 32]) -> Arc<Draws> {
        Arc::new(Draws {
            now,
            seed,
            hashes: Mutex::default(),
            verdicts: Mutex::default(),
            numbers: Mutex::default(),
        })
    }

    /// When the request began.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// A generator for what lies outside the primitives, such as a plugin's own randomness; each purpose has its own
    /// sequence, so that drawing for one does not shift another's.
    pub fn generator(&self, purpose: &str) -> Generator {
        Generator(ChaCha20Rng::from_seed(self.digest(&[purpose.as_bytes()])))
    }

    /// The generator that every run starts with, from its beginning.
    pub(crate) fn rng(&self) -> ChaCha20Rng {
        ChaCha20Rng::from_seed(self.seed)
    }

    /// The number at this place among those drawn from a sequence. A place is drawn once, by whichever run comes there
    /// first; `next` draws.
    pub(crate) fn number<E>(
        &self,
        sequence: &[u8],
        place: usize,
        next: impl FnOnce() -> Result<u64, E>,
    ) -> Result<u64, E> {
        let mut numbers = self.numbers.lock();
        if let Some(&number) = numbers.get(sequence).and_then(|drawn| drawn.get(place)) {
            return Ok(number);
        }
        let number = next()?;
        numbers.entry(sequence.to_vec()).or_default().push(number);
        Ok(number)
    }

    /// The argon2id hash of a password, worked out once. `subject` (an e-mail address) goes into the salt, so that equal
    /// passwords of two people never have equal hashes.
    pub(crate) fn hash_password(&self, subject: &str, password: &str) -> PasswordHash {
        let digest = self.digest(&[subject.as_bytes(), password.as_bytes()]);
        if let Some(hash) = self.hashes.lock().get(&digest) {
            return hash.clone();
        }
        // Not under the lock: hashing takes tens of milliseconds. The salt is part of the digest, which nobody can guess
        // without the seed, and the same in every run.
        let salt: [u8; 16] = digest[..16].try_into().expect("a digest has 32 bytes");
        let hash = passwords::hash(password, salt);
        self.hashes.lock().insert(digest, hash.clone());
        hash
    }

    /// Whether the password is the one behind this hash, worked out once.
    pub(crate) fn verify_password(&self, hash: &PasswordHash, password: &str) -> bool {
        let digest = self.digest(&[hash.as_str().as_bytes(), password.as_bytes()]);
        if let Some(verdict) = self.verdicts.lock().get(&digest) {
            return *verdict;
        }
        let verdict = passwords::verify(hash, password);
        self.verdicts.lock().insert(digest, verdict);
        verdict
    }

    fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(self.seed);
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        hasher.finalize().into()
    }
}

/// Random bytes, fit for secrets; the same ones when the work is run again.
pub struct Generator(ChaCha20Rng);

impl Generator {
    /// Fills all of it.
    pub fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }
}

impl std::fmt::Debug for Draws {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draws")
            .field("now", &self.now)
            .finish_non_exhaustive()
    }
}
