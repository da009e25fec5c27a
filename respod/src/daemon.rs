//! The daemon: composes the pools, the routes and the accept loop, and obeys signals.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper_util::service::TowerToHyperService;
use respo::broker::Pools;
use respo::{Token, TokenDigest};
use respo_warp::Api;
use respo_warp::inventory::Inventories;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Semaphore, watch};

use crate::accept;
use crate::cli::Arguments;
use crate::connection::Server;
use crate::exit::Exit;
use crate::listener::listen;
use crate::open_files;
use crate::pools::{self, PoolsError};
use crate::reload::reload;
use crate::service_manager;
use crate::shutdown::Running;

/// How long the runtime may take to end after everything else has.
const RUNTIME_END: Duration = Duration::from_millis(500);

/// Why the daemon does not run to a good end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DaemonError {
    #[error(transparent)]
    Pools(#[from] PoolsError),
    #[error("failed to read the administrator's token from {0}: {1}")]
    AdminToken(PathBuf, io::Error),
    #[error("failed to listen on {0}: {1}")]
    Listen(String, io::Error),
    #[error("failed to start: {0}")]
    System(#[from] io::Error),
    #[error("a second signal ended it before everything else had ended")]
    Interrupted,
}

impl DaemonError {
    /// Writes the reason to the log.
    pub(crate) fn log(&self) {
        match self {
            Self::Pools(error) => error.log(),
            _ => tracing::error!("{self}"),
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Pools(PoolsError::Inventory(..)) => Exit::Invalid,
            Self::Pools(PoolsError::NoInventory(_)) => Exit::Usage,
            Self::Interrupted => Exit::Interrupted,
            Self::Pools(_) | Self::AdminToken(..) | Self::Listen(..) | Self::System(_) => {
                Exit::CannotStart
            }
        }
    }
}

/// Serves until a signal ends it.
pub(crate) fn run(arguments: Arguments) -> Result<(), DaemonError> {
    // While there is one thread: it takes variables out of the environment.
    let passed = service_manager::passed_socket()
        .map_err(|error| DaemonError::Listen("the socket that was passed".to_owned(), error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(serve(arguments, passed));
    runtime.shutdown_timeout(RUNTIME_END);
    result
}

async fn serve(
    arguments: Arguments,
    passed: Option<std::net::TcpListener>,
) -> Result<(), DaemonError> {
    // Before signals are caught: until there is something to end in order, they end respod at once.
    let pools = pools::start(&arguments).await?;
    let mut signals = Signals::new()?;
    let admin_token = arguments.admin_token_file.as_deref().map(read_token).transpose()?;
    open_files::make_room(arguments.max_connections);
    let cannot_listen = |error| DaemonError::Listen(arguments.listen.clone(), error);
    let listener = match passed {
        Some(passed) => TcpListener::from_std(passed).map_err(cannot_listen)?,
        None => listen(&arguments.listen).await.map_err(cannot_listen)?,
    };
    let address = listener.local_addr().map_err(cannot_listen)?;

    let api = api(&arguments, pools, admin_token, address);
    let inventories = Arc::clone(&api.inventories);
    let running = start(&arguments, api, listener);
    announce(address, admin_token.is_some());
    service_manager::ready();

    signals.until_stopped(arguments.inventory.as_deref(), &inventories).await;
    service_manager::stopping();
    let deadline = arguments.drain_timeout;
    tracing::info!("stopping");
    tokio::select! {
        () = running.end(deadline.0) => {}
        () = signals.stop() => return Err(DaemonError::Interrupted),
    }
    tracing::info!("stopped");
    Ok(())
}

/// Reads the administrator's token and keeps its digest only.
fn read_token(path: &Path) -> Result<TokenDigest, DaemonError> {
    let failed = |error| DaemonError::AdminToken(path.to_owned(), error);
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let token = text.trim();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err(failed(io::Error::new(
            io::ErrorKind::InvalidData,
            "a token is one line of visible ASCII characters without blanks",
        )));
    }
    Ok(Token::presented(token).digest())
}

fn api(
    arguments: &Arguments,
    pools: Pools,
    admin_token: Option<TokenDigest>,
    address: SocketAddr,
) -> Api {
    let mut api = Api::new(pools);
    api.version = env!("CARGO_PKG_VERSION").to_owned();
    api.admin_token = admin_token;
    api.loopback_only = address.ip().is_loopback();
    api.heartbeat = arguments.heartbeat.0;
    api.max_body = arguments.max_body;
    api.body_timeout = arguments.body_timeout.0;
    api
}

/// The same over WebSocket.
fn websockets(api: &Api) -> respo_ws::Api {
    let mut websockets = respo_ws::Api::new(api.pools.clone());
    websockets.version = api.version.clone();
    websockets.heartbeat = api.heartbeat;
    websockets
}

fn start(arguments: &Arguments, api: Api, listener: TcpListener) -> Running {
    let pools = api.pools.clone();
    let websockets = Arc::new(websockets(&api));
    let routes = TowerToHyperService::new(warp::service(respo_warp::routes(api)));
    let server = Arc::new(Server::new(routes, websockets, arguments.header_timeout.0));
    let slot_count = arguments.max_connections;
    // A u32 fits into a usize wherever tokio runs.
    let slots = Arc::new(Semaphore::new(slot_count as usize));
    let (stopping, is_stopping) = watch::channel(false);
    let accepting = tokio::spawn(accept::run(listener, server, Arc::clone(&slots), is_stopping));
    Running { pools, stopping, accepting, slots, slot_count }
}

/// Says where respod listens: in the log, and on stdout for whoever let it choose the port.
fn announce(address: SocketAddr, has_admin_token: bool) {
    tracing::info!(%address, "listening");
    if !address.ip().is_loopback() && !has_admin_token {
        tracing::warn!(
            "everybody who can reach {address} can read and replace the inventory, with the \
             properties in it; --admin-token-file restricts that"
        );
    }
    let mut stdout = io::stdout().lock();
    let result = writeln!(stdout, "listening on http://{address}").and_then(|()| stdout.flush());
    if let Err(error) = result {
        tracing::debug!(%error, "nobody reads stdout");
    }
}

/// The signals that respod obeys.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal to stop.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Reloads the inventory as often as it is asked to, until it is told to stop.
    async fn until_stopped(&mut self, path: Option<&Path>, inventories: &Arc<Inventories>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hangup.recv() => {}
            }
            let Some(path) = path else {
                tracing::error!(
                    "SIGHUP: there is no file to read, for respod was started without --inventory"
                );
                continue;
            };
            // A file that takes for ever to read keeps nobody from stopping respod.
            tokio::select! {
                () = reload(path.into(), inventories) => {}
                () = self.stop() => return,
            }
        }
    }
}
