//! Holding resources without a command, until a signal or the loss of the lease.

use nix::sys::signal::Signal;
use rpclient::{Lease, LeaseState};

use super::held::Held;
use super::lease_file::without_token;
use super::lease_report::LeaseReport;
use super::release;
use super::signals::Signals;
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
        let names = lease.all_resources().map(|resource| format!("{}\n", resource.name));
        output::print(&names.collect::<String>())?;
    }
    if !quiet {
        output::say("held until Ctrl-C");
    }
    let mut report = LeaseReport::of(&lease);
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
                    let held = Held::by(&lease);
                    let message = format!("the lease of {held} is lost: {reason}");
                    return Err(Failure::new(ExitCode::Lost, message));
                }
                report.take_in(&state);
            }
            () = report.due() => report.tell_of_long_absence(),
        }
    }
}
