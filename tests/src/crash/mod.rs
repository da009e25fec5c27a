//! The crash test: a respod that is killed again and again under many clients, and the proof that
//! nobody noticed more than an interruption.
//!
//! [`run::run`] starts respod on a folder of its own, lets simulated [clients](client) work with it and a
//! [killer] end it with SIGKILL at random moments. Everything that a client does and is told goes
//! into a [history]. When the kills have stopped and everything has drained, the
//! [checker] judges the history, and nothing but the history: what respod thinks that it did is
//! of no interest. Hence a history that was written to a file can be judged again.
//!
//! All choices follow from one seed. The moments at which they meet do not: the machine has its say.

pub mod checker;
pub mod client;
pub mod dice;
pub mod exchange;
pub mod figures;
pub mod history;
pub mod killer;
pub mod pace;
pub mod port;
pub mod recorder;
pub mod run;
pub mod server;
pub mod workload;
