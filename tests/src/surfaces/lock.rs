//! `POST /lock`: the lease of a connection.

use async_trait::async_trait;
use respo::EndReason;
use respo::wire::GrantedLease;

use super::{Ask, Asked, Held, Surface};
use crate::daemon::Daemon;
use crate::lock_stream::LockStream;

/// `POST /lock`.
#[derive(Debug, Clone, Copy)]
pub struct Lock;

#[async_trait(?Send)]
impl Surface for Lock {
    fn name(&self) -> &'static str {
        "lock"
    }

    async fn ask(&self, daemon: &Daemon, ask: &Ask) -> Option<Box<dyn Asked>> {
        let Ask { attribute, name, wait, life } = ask;
        let wait = if *wait { "forever" } else { "0" };
        let linger = life.as_millis();
        let query = format!("attributes={attribute}&name={name}&wait={wait}&linger={linger}ms");
        match LockStream::open(daemon.address(), &query).await {
            Ok(stream) => Some(Box::new(Waiting(stream))),
            Err(reply) => {
                reply.expect_problem(409, "busy");
                None
            }
        }
    }

    async fn take_up(&self, daemon: &Daemon, _id: u64, token: &str) -> Option<Box<dyn Held>> {
        match LockStream::open(daemon.address(), &format!("resume={token}")).await {
            Ok(mut stream) => {
                let lease = stream.expect_granted().await;
                Some(Box::new(Holding { stream, lease }))
            }
            Err(reply) => {
                reply.expect_problem(403, "wrong_token");
                None
            }
        }
    }
}

struct Waiting(LockStream);

#[async_trait(?Send)]
impl Asked for Waiting {
    async fn granted(mut self: Box<Self>, _daemon: &Daemon) -> Box<dyn Held> {
        let lease = self.0.expect_granted().await;
        Box::new(Holding { stream: self.0, lease })
    }

    async fn leave(mut self: Box<Self>, daemon: &Daemon) {
        let queued = self.0.expect_queued().await;
        let token = queued.token.expect("the first queued has the token");
        daemon.release(queued.id, &token).await.expect_status(204);
    }
}

struct Holding {
    stream: LockStream,
    lease: GrantedLease,
}

#[async_trait(?Send)]
impl Held for Holding {
    fn resource(&self) -> &str {
        self.lease.resource.as_ref().expect("one resource").resource.name.as_str()
    }

    fn id(&self) -> u64 {
        self.lease.id.0
    }

    fn token(&self) -> &str {
        &self.lease.token
    }

    async fn release(mut self: Box<Self>, daemon: &Daemon) {
        daemon.release(self.lease.id, &self.lease.token).await.expect_status(204);
        assert_eq!(self.stream.expect_ended().await, EndReason::Released);
    }

    fn vanish(self: Box<Self>) {
        self.stream.reset();
    }

    async fn is_taken_over(mut self: Box<Self>) {
        assert_eq!(self.stream.expect_ended().await, EndReason::TakenOver);
    }
}
