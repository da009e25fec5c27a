//! Keys by which the server knows that a request is made once more, not another one.

use std::io;

use respo::IdempotencyKey;

use crate::client::Client;
use crate::error::Error;

impl Client {
    /// A key that nobody has used: 128 random bits.
    ///
    /// ```
    /// let client = rpclient::Client::new("http://127.0.0.1:7373")?;
    /// let (one, other) = (client.new_key()?, client.new_key()?);
    /// assert_ne!(one, other);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Unreachable`] if the system has no random numbers to give.
    pub fn new_key(&self) -> Result<IdempotencyKey, Error> {
        random().map_err(|source| self.unreachable(source))
    }
}

fn random() -> io::Result<IdempotencyKey> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(io::Error::other)?;
    IdempotencyKey::new(format!("{:032x}", u128::from_be_bytes(bits))).map_err(io::Error::other)
}
