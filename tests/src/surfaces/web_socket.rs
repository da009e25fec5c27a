//! `/ws`: the lease of a connection that has many.

use async_trait::async_trait;
use respo::EndReason;
use respo::wire::GrantedLease;
use respo::wire::socket::ServerMessage;
use serde_json::json;

use super::{Ask, Asked, Held, Surface};
use crate::daemon::Daemon;
use crate::web_socket::WebSocket;

/// `/ws`.
#[derive(Debug, Clone, Copy)]
pub struct WebSocketSurface;

const REF: &str = "it";

#[async_trait(?Send)]
impl Surface for WebSocketSurface {
    fn name(&self) -> &'static str {
        "ws"
    }

    async fn ask(&self, daemon: &Daemon, ask: &Ask) -> Option<Box<dyn Asked>> {
        let Ask { attribute, name, wait, life } = ask;
        let request = json!({
            "requirements": [{"attributes": [attribute]}],
            "name": name,
            "wait": if *wait { "forever" } else { "0" },
            "linger": format!("{}ms", life.as_millis()),
        });
        let mut socket = daemon.web_socket().await;
        socket.request(REF, request).await;
        match socket.next_about(REF).await {
            ServerMessage::Error { problem, .. } => {
                assert_eq!(problem.code, "busy", "{problem:?}");
                None
            }
            ServerMessage::Granted { lease, .. } => {
                Some(Box::new(Waiting { socket, queued: None, lease: Some(lease) }))
            }
            ServerMessage::Queued { request, .. } => {
                Some(Box::new(Waiting { socket, queued: Some(request.id.0), lease: None }))
            }
            other => panic!("{other:?}"),
        }
    }

    async fn take_up(&self, daemon: &Daemon, _id: u64, token: &str) -> Option<Box<dyn Held>> {
        let mut socket = daemon.web_socket().await;
        socket.say(json!({"type": "resume", "ref": REF, "token": token})).await;
        match socket.next_about(REF).await {
            ServerMessage::Granted { lease, .. } => Some(Box::new(Holding { socket, lease })),
            ServerMessage::Error { problem, .. } => {
                assert_eq!(problem.code, "wrong_token", "{problem:?}");
                None
            }
            other => panic!("{other:?}"),
        }
    }
}

struct Waiting {
    socket: WebSocket,
    queued: Option<u64>,
    lease: Option<GrantedLease>,
}

#[async_trait(?Send)]
impl Asked for Waiting {
    async fn granted(mut self: Box<Self>, _daemon: &Daemon) -> Box<dyn Held> {
        let lease = match self.lease.take() {
            Some(lease) => lease,
            None => self.socket.expect_granted(REF).await,
        };
        Box::new(Holding { socket: self.socket, lease })
    }

    async fn leave(mut self: Box<Self>, _daemon: &Daemon) {
        let id = self.queued.expect("it waits");
        self.socket.say(json!({"type": "cancel", "ref": "leave", "id": id})).await;
        self.socket.expect_done("leave").await;
        self.socket.close().await;
    }
}

struct Holding {
    socket: WebSocket,
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

    async fn release(mut self: Box<Self>, _daemon: &Daemon) {
        self.socket.say(json!({"type": "release", "ref": "back", "id": self.lease.id})).await;
        self.socket.expect_done("back").await;
        assert_eq!(self.socket.expect_ended(REF).await, EndReason::Released);
    }

    fn vanish(self: Box<Self>) {
        self.socket.reset();
    }

    async fn is_taken_over(mut self: Box<Self>) {
        assert_eq!(self.socket.expect_ended(REF).await, EndReason::TakenOver);
    }
}
