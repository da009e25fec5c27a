//! A number of clients that work for a while, on few threads, and what the server uses meanwhile.

use std::cell::RefCell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Builder;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinSet, LocalSet};

use crate::client::Client;
use crate::failure::{Doing, Failure};
use crate::handover::Handover;
use crate::process::own_cpu;
use crate::results::Figures;
use crate::server::Server;
use crate::subject::Subject;
use crate::tally::Tally;
use crate::work::{Part, Window, Work};

/// How long the clients of a load may take to get ready.
const READY: Duration = Duration::from_secs(180);

/// How many clients of a thread connect at a time: fewer than wait to be accepted.
const CONNECTING: usize = 32;

/// What is to be done. All of it is bounded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) subject: Subject,
    pub(crate) work: Work,
    pub(crate) clients: usize,
    /// Requests of each client, where it only waits.
    pub(crate) requests: usize,
    pub(crate) threads: usize,
    /// How long it runs before it is measured.
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

/// What a thread says.
enum Said {
    /// One client is ready.
    Ready,
    Failed(Failure),
}

impl Load {
    /// Does the work and measures it.
    ///
    /// # Errors
    /// The first thing that goes wrong for any client. There is no figure then.
    pub(crate) fn run(&self, server: &Server) -> Result<Figures, Failure> {
        let memory_before = server.process.memory()?;
        let (say, said) = mpsc::channel();
        let (begin, window) = watch::channel(None);
        let handover = Arc::new(Handover::default());
        let threads: Vec<_> = (0..self.threads)
            .map(|index| {
                let numbers =
                    self.clients * index / self.threads..self.clients * (index + 1) / self.threads;
                let part = ThreadsPart {
                    load: *self,
                    address: server.address,
                    numbers,
                    window: window.clone(),
                    handover: Arc::clone(&handover),
                    say: say.clone(),
                };
                thread::spawn(move || part.run())
            })
            .collect();
        drop((window, say));
        for _ in 0..self.clients {
            expect_ready(&said)?;
        }
        let from = Instant::now() + self.warm_up;
        let window = Window { from, until: from + self.measured };
        begin.send_replace(Some(window));
        let (server_cpu, generator_cpu) = watch_cpu(server, window, &said)?;
        let memory = server.process.memory()?;
        let mut tally = Tally::new()?;
        for thread in threads {
            let part = thread.join().map_err(|_| Failure::new("a thread of clients panicked"))?;
            tally.add(&part.ok_or_else(|| failure(&said))?)?;
        }
        let seconds = self.measured.as_secs_f64();
        Ok(Figures {
            count: tally.count,
            seconds,
            per_second: tally.count as f64 / seconds,
            latency: tally.latency(),
            server_cores: server_cpu.as_secs_f64() / seconds,
            generator_cores: generator_cpu.as_secs_f64() / seconds,
            memory_before,
            memory,
        })
    }
}

fn expect_ready(said: &Receiver<Said>) -> Result<(), Failure> {
    match said.recv_timeout(READY) {
        Ok(Said::Ready) => Ok(()),
        Ok(Said::Failed(failure)) => Err(failure),
        Err(_) => Err(Failure::new("the clients do not get ready")),
    }
}

/// What server and generator use in the window.
fn watch_cpu(
    server: &Server,
    window: Window,
    said: &Receiver<Said>,
) -> Result<(Duration, Duration), Failure> {
    wait_until(window.from, said)?;
    let (of_server, own) = (server.process.cpu()?, own_cpu()?);
    wait_until(window.until, said)?;
    let server_cpu = server.process.cpu()?.saturating_sub(of_server);
    Ok((server_cpu, own_cpu()?.saturating_sub(own)))
}

fn wait_until(then: Instant, said: &Receiver<Said>) -> Result<(), Failure> {
    match said.recv_timeout(then.saturating_duration_since(Instant::now())) {
        Ok(Said::Failed(failure)) => Err(failure),
        Ok(Said::Ready) | Err(RecvTimeoutError::Timeout) => Ok(()),
        // The threads end with the window.
        Err(RecvTimeoutError::Disconnected) => Ok(()),
    }
}

fn failure(said: &Receiver<Said>) -> Failure {
    match said.try_recv() {
        Ok(Said::Failed(failure)) => failure,
        _ => Failure::new("a thread of clients ended early"),
    }
}

/// The clients of one thread.
struct ThreadsPart {
    load: Load,
    address: SocketAddr,
    numbers: Range<usize>,
    window: watch::Receiver<Option<Window>>,
    handover: Arc<Handover>,
    say: Sender<Said>,
}

impl ThreadsPart {
    /// Works until the window is over; a failure is said.
    fn run(self) -> Option<Tally> {
        let say = self.say.clone();
        let runtime = Builder::new_current_thread().enable_all().build();
        let result = match runtime {
            Ok(runtime) => LocalSet::new().block_on(&runtime, self.work()),
            Err(error) => Err(error.into()),
        };
        match result {
            Ok(tally) => Some(tally),
            Err(failure) => {
                // Nobody listens any more where another one has failed before.
                say.send(Said::Failed(failure)).ok();
                None
            }
        }
    }

    async fn work(mut self) -> Result<Tally, Failure> {
        let tally = Rc::new(RefCell::new(Tally::new()?));
        let connecting = Rc::new(Semaphore::new(CONNECTING));
        let mut clients = JoinSet::new();
        for number in self.numbers.clone() {
            let part = Part {
                work: self.load.work,
                number,
                requests: self.load.requests,
                window: self.window.clone(),
                tally: Rc::clone(&tally),
                handover: Arc::clone(&self.handover),
            };
            let (say, connecting) = (self.say.clone(), Rc::clone(&connecting));
            clients.spawn_local(client(self.load.subject, self.address, part, connecting, say));
        }
        let over = async {
            match self.window.wait_for(Option::is_some).await.map(|window| *window) {
                Ok(Some(window)) => tokio::time::sleep_until(window.until.into()).await,
                // Somebody has failed.
                _ => std::future::pending().await,
            }
        };
        tokio::select! {
            () = over => {}
            Some(ended) = clients.join_next() => {
                let Err(failure) = ended.doing("run a client")?;
                return Err(failure);
            }
        }
        clients.shutdown().await;
        let tally = Rc::into_inner(tally).map(RefCell::into_inner);
        tally.ok_or_else(|| Failure::new("a client goes on after its end"))
    }
}

async fn client(
    subject: Subject,
    address: SocketAddr,
    part: Part,
    connecting: Rc<Semaphore>,
    say: Sender<Said>,
) -> Result<Infallible, Failure> {
    let turn = connecting.acquire().await.doing("wait for a turn")?;
    let client = Client::open(subject, address, part.number).await?;
    drop(turn);
    let prepared = part.prepare(client).await?;
    say.send(Said::Ready).doing("say that a client is ready")?;
    drop(say);
    part.play(prepared).await
}
