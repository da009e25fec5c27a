//! Leases as a good script takes them from Redis: `SET key token NX PX`, and scripts that compare the token before
//! they renew or delete.
//!
//! - One that all want: `BLPOP` of a list that has one element while it is free, and `RPUSH` to give it back. It
//!   serves in order of arrival, as respod does; but whoever dies with the element has it for ever.
//! - Any of many: a random member of the set of those with the tag (`SRANDMEMBER`), and then `SET NX`; another one if
//!   that is taken. With few clients on many resources it hardly ever is, and what a dead client held becomes
//!   free when its key expires. (`SPOP` from a set of free ones would be one write more, and lose it.)

use std::net::SocketAddr;

use super::resp::{Connection, Reply};
use super::{Answer, Held, TAG, Wanted};
use crate::failure::Failure;

const RELEASE: &str = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) \
                       else return 0 end";
const RENEW: &str = "if redis.call('get', KEYS[1]) == ARGV[1] then \
                     return redis.call('pexpire', KEYS[1], ARGV[2]) else return 0 end";
const LIST: &str = "queue";
const TTL_MILLIS: &str = "60000";

pub(crate) struct Redis {
    connection: Connection,
    number: usize,
    leases: u64,
    release: String,
    renew: String,
}

impl Redis {
    pub(super) async fn open(address: SocketAddr, number: usize) -> Result<Self, Failure> {
        let mut connection = Connection::open(address, number).await?;
        let release = script(&mut connection, RELEASE).await?;
        let renew = script(&mut connection, RENEW).await?;
        Ok(Self { connection, number, leases: 0, release, renew })
    }

    pub(super) async fn ask(&mut self, wanted: Wanted) -> Result<Answer, Failure> {
        match wanted {
            Wanted::Own(number) | Wanted::Renewed(number) => {
                let key = format!("lease:r{number}");
                match self.take(key.clone()).await? {
                    Some(held) => Ok(Answer::Granted(held)),
                    None => Err(Failure::new(format!("{key} is taken, and nobody else wants it"))),
                }
            }
            Wanted::Any => loop {
                let Reply::Text(name) = self.connection.call(&["SRANDMEMBER", TAG]).await? else {
                    return Err(Failure::new("Redis has no resources"));
                };
                if let Some(held) = self.take(format!("lease:{name}")).await? {
                    return Ok(Answer::Granted(held));
                }
            },
            Wanted::Shared => {
                self.connection.send(&["BLPOP", LIST, "0"]).await?;
                Ok(Answer::Queued)
            }
        }
    }

    /// Waits for the element of the list.
    pub(super) async fn granted(&mut self) -> Result<Held, Failure> {
        match self.connection.reply().await? {
            Reply::List(reply) if reply.len() == 2 => {
                Ok(Held { key: LIST.to_owned(), ..Held::default() })
            }
            other => Err(Failure::new(format!("expected an element, got {other:?}"))),
        }
    }

    pub(super) async fn release(&mut self, held: &Held) -> Result<(), Failure> {
        if held.key == LIST {
            return self.connection.call(&["RPUSH", LIST, "free"]).await.map(drop);
        }
        let command = ["EVALSHA", &self.release, "1", &held.key, &held.token];
        expect_one(self.connection.call(&command).await?)
    }

    pub(super) async fn renew(&mut self, held: &Held) -> Result<(), Failure> {
        let command = ["EVALSHA", &self.renew, "1", &held.key, &held.token, TTL_MILLIS];
        expect_one(self.connection.call(&command).await?)
    }

    async fn take(&mut self, key: String) -> Result<Option<Held>, Failure> {
        self.leases += 1;
        // As long as a random token.
        let token = format!("{:016x}{:016x}", self.number, self.leases);
        let command = ["SET", &key, &token, "NX", "PX", TTL_MILLIS];
        match self.connection.call(&command).await? {
            Reply::Status(_) => Ok(Some(Held { id: 0, key, token })),
            Reply::Nothing => Ok(None),
            other => Err(Failure::new(format!("expected OK, got {other:?}"))),
        }
    }
}

/// Puts into a new Redis what there is to lease: `resources` in the set of the tag, and the one that all want.
pub(crate) async fn fill(address: SocketAddr, resources: usize) -> Result<(), Failure> {
    const AT_A_TIME: usize = 1000;
    let mut connection = Connection::open(address, 0).await?;
    connection.call(&["RPUSH", LIST, "free"]).await?;
    let names: Vec<String> = (0..resources).map(|number| format!("r{number}")).collect();
    for names in names.chunks(AT_A_TIME) {
        let mut command = vec!["SADD", TAG];
        command.extend(names.iter().map(String::as_str));
        connection.call(&command).await?;
    }
    Ok(())
}

async fn script(connection: &mut Connection, text: &str) -> Result<String, Failure> {
    match connection.call(&["SCRIPT", "LOAD", text]).await? {
        Reply::Text(digest) => Ok(digest),
        other => Err(Failure::new(format!("expected a digest, got {other:?}"))),
    }
}

fn expect_one(reply: Reply) -> Result<(), Failure> {
    match reply {
        Reply::Number(1) => Ok(()),
        other => Err(Failure::new(format!("the lease was lost: {other:?}"))),
    }
}
