//! The name by which the server knows that a request is made once more, not another one.

use std::fmt;
use std::io;

/// 128 random bits, as 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    /// One that nobody has used.
    ///
    /// # Errors
    /// If the system gives no random numbers.
    pub(crate) fn random() -> io::Result<Self> {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).map_err(io::Error::other)?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bits))))
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_is_like_another() {
        let (one, other) = (IdempotencyKey::random().unwrap(), IdempotencyKey::random().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.to_string().len(), 32);
    }
}
