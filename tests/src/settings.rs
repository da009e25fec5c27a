//! A respod that does not run: before its first start, and between an end and the next start.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use tempfile::TempDir;

use crate::binaries;
use crate::crash::port::ReservedPort;
use crate::daemon::Daemon;
use crate::namespace::Namespace;
use crate::program::{Finished, Program};

/// Passes the socket that is its input on as the first one (`sd_listen_fds(3)`), and becomes the program that
/// follows.
const PASS_SOCKET: [&str; 4] =
    ["sh", "-c", r#"exec 3<&0 </dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec "$@""#, "sh"];

/// What a respod is started with, and everything of it that outlives its process: its inventory file, its
/// data directory and its address.
#[derive(Debug)]
pub struct Settings {
    flags: Vec<(String, OsString)>,
    variables: Vec<(String, String)>,
    wrapper: Vec<OsString>,
    listen: String,
    /// Keeps the port from anybody else while respod does not run.
    port: ReservedPort,
    /// What systemd would pass.
    socket: Option<TcpListener>,
    folder: TempDir,
}

impl Settings {
    /// A respod on this inventory, with an empty data directory, on a port of the loopback that stays its
    /// own.
    pub(crate) fn new(inventory: &str) -> Self {
        let port = ReservedPort::any().expect("a free port");
        let settings = Self {
            flags: Vec::new(),
            variables: Vec::new(),
            wrapper: Vec::new(),
            listen: port.address().to_string(),
            port,
            socket: None,
            folder: TempDir::new().expect("a temporary folder"),
        };
        settings.write_inventory(inventory);
        let (inventory, data) = (settings.inventory_file(), settings.data_dir());
        settings.flag("--inventory", inventory).flag("--data-dir", data)
    }

    /// With a flag and its value, in the place of an earlier value.
    #[must_use]
    pub fn flag(self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let mut settings = self.without(name);
        settings.flags.push((name.to_owned(), value.as_ref().to_owned()));
        settings
    }

    /// Without a flag.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.flags.retain(|(flag, _)| flag != name);
        self
    }

    /// With a flag whose value is the path of a file with this text.
    #[must_use]
    pub fn file_flag(self, name: &str, text: &str) -> Self {
        let path = self.folder.path().join(name.trim_start_matches('-'));
        fs::write(&path, text).expect("the file is written");
        self.flag(name, path)
    }

    /// Keeps nothing on the disk.
    #[must_use]
    pub fn in_memory(self) -> Self {
        self.without("--data-dir").flag("--store", "memory")
    }

    /// With this environment variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Started by these words, which come before its own.
    #[must_use]
    pub fn under<T: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.wrapper = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
        self
    }

    /// Inside a network namespace; only programs in there reach it.
    #[must_use]
    pub fn inside(self, namespace: &Namespace) -> Self {
        self.under(namespace.entry())
    }

    /// With a socket that it is passed as systemd does it, and that stays open while it does not run.
    #[must_use]
    pub fn socket_activated(mut self) -> Self {
        let socket = TcpListener::bind(self.port.address()).expect("the port is reserved for it");
        self.socket = Some(socket);
        self
    }

    /// Where it listens unless it is started on another address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Its inventory file.
    #[must_use]
    pub fn inventory_file(&self) -> PathBuf {
        self.file("inventory.yaml")
    }

    /// Changes its inventory file.
    pub fn write_inventory(&self, yaml: &str) {
        fs::write(self.inventory_file(), yaml).expect("the inventory is written");
    }

    /// Its data directory, which it makes.
    #[must_use]
    pub fn data_dir(&self) -> PathBuf {
        self.file("data")
    }

    /// A file of this name beside its own.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Another use of the program, on the same data directory: `db check` and so on.
    #[must_use]
    pub fn tool(&self, words: &[&str]) -> Program {
        Program::new(binaries::respod()).args(words).arg("--data-dir").arg(self.data_dir())
    }

    /// Starts it on its address, each time the same, and waits until it listens.
    pub async fn start(self) -> Daemon {
        let process = self.program().start();
        Daemon::listening(process, self).await
    }

    /// Starts it on this address and waits until it listens.
    pub async fn start_on(mut self, listen: &str) -> Daemon {
        listen.clone_into(&mut self.listen);
        self.start().await
    }

    /// Starts it in vain, and waits for its end.
    pub async fn fail(&self) -> Finished {
        self.program().finish().await
    }

    fn program(&self) -> Program {
        let mut program = Program::new(binaries::respod()).args(["--listen", &self.listen]);
        for (name, value) in &self.flags {
            program = program.arg(name).arg(value);
        }
        for (name, value) in &self.variables {
            program = program.env(name, value);
        }
        if let Some(socket) = &self.socket {
            let socket = socket.try_clone().expect("a copy of the socket");
            program = program.under(PASS_SOCKET).input_socket(socket.into());
        }
        program.under(&self.wrapper)
    }
}
