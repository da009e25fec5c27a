//! Keys that make a request once, however often it is sent: the `Idempotency-Key` of HTTP
//! (draft-ietf-httpapi-idempotency-key-header).

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::request::RequestId;
use crate::time::Timestamp;
use crate::token::{Token, TokenDigest};

/// The most characters of an [`IdempotencyKey`]: 255.
pub const MAX_KEY_CHARS: usize = 255;

/// How many keys are remembered after their requests have ended: the 10,000 newest.
pub const MAX_SPENT_KEYS: usize = 10_000;

/// How long a key is remembered after its request has ended: 24 hours.
pub const SPENT_KEY_AGE: Duration = Duration::from_secs(24 * 3600);

/// A key that a client makes up for a request, so that sending it again makes no second one.
///
/// Whoever knows it and the request can learn the token of the lease, so it should be as random as a
/// token is: a UUID will do. It does not appear in `Debug` output.
///
/// ```
/// use respo::IdempotencyKey;
/// let key = IdempotencyKey::new("8e03978e-40d5-43dd-bc93-6894a57f9324")?;
/// assert!(IdempotencyKey::new("").is_err());
/// # drop(key);
/// # Ok::<(), respo::IdempotencyKeyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// Why a text is not an [`IdempotencyKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to {MAX_KEY_CHARS} visible ASCII characters, such as a UUID has")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// Checks `text` and takes it.
    ///
    /// # Errors
    /// [`IdempotencyKeyError`] if it is empty, too long, or has other than visible ASCII characters.
    pub fn new(text: impl Into<String>) -> Result<Self, IdempotencyKeyError> {
        let text = text.into();
        let is_valid = !text.is_empty()
            && text.len() <= MAX_KEY_CHARS
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_valid { Ok(Self(text)) } else { Err(IdempotencyKeyError) }
    }

    /// The key itself, to be given to the server and nobody else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept in its place.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        Token::presented(self.0.as_str()).digest()
    }

    /// The token of the request that was made with this key and `salt`. It need not be kept: whoever sends
    /// the key again is told the same.
    #[must_use]
    pub fn token(&self, salt: &[u8; 16]) -> Token {
        let mut hash = Sha256::new();
        hash.update(b"respo token of an idempotency key");
        hash.update(salt);
        hash.update(self.0.as_bytes());
        let mut bits = [0; 16];
        for (to, from) in bits.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Token::from_random(bits)
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

/// What is kept of the key that a request was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeWith {
    /// The digest of the key.
    pub key: TokenDigest,
    /// What the token follows from, together with the key.
    pub salt: [u8; 16],
}

/// The keys whose requests have ended, as far as they are remembered.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SpentKeys {
    /// In the order in which they were spent.
    spent: VecDeque<SpentKey>,
    by_key: BTreeMap<TokenDigest, RequestId>,
}

/// A key whose request has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpentKey {
    /// The digest of the key.
    pub key: TokenDigest,
    /// What was made with it.
    pub id: RequestId,
    /// When that ended.
    pub at: Timestamp,
}

impl SpentKeys {
    /// Takes note of a key, and forgets those that are too old or too many. Keys must come in the order in
    /// which they were spent.
    pub fn insert(&mut self, spent: SpentKey) {
        self.by_key.insert(spent.key, spent.id);
        self.spent.push_back(spent);
        while let Some(first) = self.spent.front().copied() {
            let is_old = first.at.after(SPENT_KEY_AGE) < spent.at;
            if self.spent.len() <= MAX_SPENT_KEYS && !is_old {
                return;
            }
            self.spent.pop_front();
            // A key may have been used again after it was forgotten.
            if self.by_key.get(&first.key) == Some(&first.id) {
                self.by_key.remove(&first.key);
            }
        }
    }

    /// What was made with a key, if it has ended and that is remembered.
    #[must_use]
    pub fn find(&self, key: &TokenDigest) -> Option<RequestId> {
        self.by_key.get(key).copied()
    }

    /// The keys in the order in which they were spent.
    pub fn iter(&self) -> impl Iterator<Item = &SpentKey> {
        self.spent.iter()
    }

    #[cfg(feature = "engine")]
    pub(crate) fn move_times(&mut self, from: Timestamp, to: Timestamp) {
        for spent in &mut self.spent {
            spent.at = spent.at.moved(from, to);
        }
    }
}
