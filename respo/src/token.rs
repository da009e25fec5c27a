//! The secret that proves to whom a lease belongs, and the digest of it that is kept.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The secret of a request and of the lease that it becomes: 128 random bits, as 32 hexadecimal digits.
///
/// Only the client that made the request learns it. It never appears in `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token of these bits, which must come from a cryptographic source of randomness.
    #[must_use]
    pub fn from_random(bits: [u8; 16]) -> Self {
        use fmt::Write;
        let mut text = String::with_capacity(32);
        for byte in bits {
            // Writing to a String cannot fail.
            if write!(text, "{byte:02x}").is_err() {
                continue;
            }
        }
        Self(text)
    }

    /// A token as a client presents it; whether it is any good shows only on comparison.
    #[must_use]
    pub fn presented(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept in its place.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The SHA-256 digest of a [`Token`].
///
/// Digests are ordered so that they can be looked up: that tells an attacker of the digest at most, from
/// which the token does not follow.
#[derive(Clone, Copy, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// A digest as a store has kept it.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What a store keeps.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Compares every byte whatever the others are, so that the time it takes tells nothing.
impl PartialEq for TokenDigest {
    fn eq(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0
    }
}

impl Eq for TokenDigest {}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenDigest(…)")
    }
}
