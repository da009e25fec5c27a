//! Holding a resource without a command, until a signal or the loss of the lease.

use nix::sys::signal::Signal;
use rpclient::{Lease, LeaseState};

use super::lease_file::without_token;
use super::release;
use super::signals::Signals;
use crate::elapsed;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;

pub(super) async fn run(
    mut lease: Lease,
    json: bool,
    quiet: bool,
    signals: &mut Signals,
) -> Result<ExitCode, Failure> {
    if json {
        output::print_json(&without_token(&lease)?)?;
    } else {
        output::print(&format!("{}\n", lease.resource().name))?;
    }
    if !quiet {
        output::say("held until Ctrl-C");
    }
    loop {
        tokio::select! {
            signal = signals.next() => {
                release(lease).await;
                return Ok(match signal {
                    // These are how one says that one is done.
                    Signal::SIGINT | Signal::SIGTERM => ExitCode::Success,
                    other => ExitCode::Signal(other),
                });
            }
            state = lease.state_changed() => {
                if let LeaseState::Lost(reason) = &state {
                    let name = &lease.resource().name;
                    let message = format!("the lease of {name} is lost: {reason}");
                    return Err(Failure::new(ExitCode::Lost, message));
                }
                tell(&lease, &state);
            }
        }
    }
}

/// Says how a lease stands that is still held.
pub(super) fn tell(lease: &Lease, state: &LeaseState) {
    let name = &lease.resource().name;
    match state {
        LeaseState::Held => output::say(&format!("connected again; {name} is still held")),
        LeaseState::Draining { deadline } => output::say(&format!(
            "warning: respod is about to stop; the lease of {name} ends in {}",
            elapsed::rounded(*deadline)
        )),
        LeaseState::Away { cause, grace } => output::say(&format!(
            "warning: {cause}; respod keeps {name} for another {}; connecting again",
            elapsed::rounded(*grace)
        )),
        _ => {}
    }
}
