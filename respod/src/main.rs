//! respod: serves the resources of an inventory over HTTP, one client at a time.

mod accept;
mod cli;
mod connection;
mod daemon;
mod exit;
mod inventory_file;
mod lease_log;
mod listener;
mod logging;
mod open_files;
mod overload;
mod reload;
mod shutdown;
mod socket;
mod validate;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Arguments;
use crate::exit::Exit;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.print_schema {
        return validate::print_schema().into();
    }
    if let Some(file) = &arguments.validate_schema {
        return validate::validate(file).into();
    }
    logging::start(&arguments.log_level, arguments.log_format);
    match daemon::run(arguments) {
        Ok(()) => Exit::Success,
        Err(error) => {
            error.log();
            error.exit()
        }
    }
    .into()
}
