//! Network namespaces: two hosts with a cable between them that can be pulled.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// A network namespace with one end of a cable.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// The words that run a program in it when they come before the program's own.
    #[must_use]
    pub fn entry(&self) -> [&str; 4] {
        ["ip", "netns", "exec", &self.name]
    }

    fn create(name: String) -> Result<Self, String> {
        ip(&["netns", "add", &name])?;
        let namespace = Self { name };
        namespace.ip(&["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    fn ip(&self, words: &[&str]) -> Result<(), String> {
        ip(&[&["-n", &self.name], words].concat())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if let Err(error) = ip(&["netns", "delete", &self.name]) {
            eprintln!("{error}");
        }
    }
}

/// Two hosts with a cable between them. Nothing of it is visible outside of the two.
#[derive(Debug)]
pub struct Cable {
    /// The host at [`Cable::SERVER`].
    pub server: Namespace,
    /// The host at the other end.
    pub client: Namespace,
}

impl Cable {
    /// The address of the server.
    pub const SERVER: &str = "198.18.0.1";

    /// Lays the cable, or says why that cannot be done here: it takes root and `ip`.
    ///
    /// # Errors
    /// What `ip` said.
    pub fn lay() -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = |end: &str| format!("respo-{}-{count}-{end}", std::process::id());
        let server = Namespace::create(name("server"))?;
        let client = Namespace::create(name("client"))?;
        let peer = ["peer", "name", "cable", "netns", &client.name];
        server.ip(&[&["link", "add", "cable", "type", "veth"][..], &peer].concat())?;
        for (end, address) in [(&server, Self::SERVER), (&client, "198.18.0.2")] {
            end.ip(&["address", "add", &format!("{address}/24"), "dev", "cable"])?;
            end.ip(&["link", "set", "cable", "up"])?;
        }
        Ok(Self { server, client })
    }

    /// Pulls the plug at the client's end: nothing arrives any more, in either direction, and nobody
    /// is told.
    pub fn pull(&self) {
        self.client.ip(&["link", "set", "cable", "down"]).expect("the plug can be pulled");
    }
}

fn ip(words: &[&str]) -> Result<(), String> {
    let output = Command::new("ip").args(words).output();
    let output = output.map_err(|error| format!("ip cannot be run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("ip {}: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim()))
}
