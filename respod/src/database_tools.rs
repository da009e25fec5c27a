//! `respod db`: copying and checking the database.

use crate::cli::DbCommand;
use crate::exit::Exit;
use crate::output::{complain, print};

pub(crate) fn run(command: &DbCommand) -> Exit {
    match command {
        DbCommand::Backup { file, data } => match respo_sqlite::backup(&data.path, file) {
            Ok(()) => {
                print([format!("{}: complete", file.display())]);
                Exit::Success
            }
            Err(error) => {
                complain(&error);
                Exit::CannotStart
            }
        },
        DbCommand::Check { data } => check(&data.path),
    }
}

fn check(directory: &std::path::Path) -> Exit {
    let path = respo_sqlite::database_path(directory);
    let report = match respo_sqlite::check(directory) {
        Ok(report) => report,
        Err(error) => {
            complain(&error);
            return Exit::CannotStart;
        }
    };
    if report.problems.is_empty() {
        let counts = [
            (report.pools, "pool", "pools"),
            (report.leases, "lease", "leases"),
            (report.waiting, "waiting request", "waiting requests"),
            (report.history, "entry of history", "entries of history"),
        ];
        let counts = counts
            .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }));
        print([format!("{}: good: {}", path.display(), counts.join(", "))]);
        return Exit::Success;
    }
    print(report.problems.iter().map(|problem| format!("{}: {problem}", path.display())));
    Exit::Invalid
}
