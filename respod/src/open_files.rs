//! The limit on open files, which is the limit on connections.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// What respod has open besides its connections: its log, its listener, the runtime.
const OTHERS: u64 = 64;

/// Raises the limit on open files as far as `connections` need it and the system allows.
///
/// Many systems start programs with 1,024, which would be used up by as many waiting clients.
pub(crate) fn make_room(connections: u32) {
    let wanted = u64::from(connections) + OTHERS;
    let (soft, hard) = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok(limits) => limits,
        Err(error) => {
            tracing::warn!(%error, "failed to read the limit on open files");
            return;
        }
    };
    if soft >= wanted {
        return;
    }
    let allowed = wanted.min(hard);
    if let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, allowed, hard) {
        tracing::warn!(%error, soft, "failed to raise the limit on open files");
        return;
    }
    if allowed < wanted {
        tracing::warn!(
            allowed,
            wanted,
            "the limit on open files (ulimit -n) is too low for --max-connections"
        );
    }
}
