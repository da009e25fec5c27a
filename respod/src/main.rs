//! respod: serves the resources of an inventory over HTTP, one client at a time.

mod accept;
mod cli;
mod connection;
mod daemon;
mod database_tools;
mod exit;
mod history_export;
mod inventory_file;
mod lease_log;
mod listener;
mod logging;
mod open_files;
mod output;
mod overload;
mod pools;
mod reload;
mod service_manager;
mod shutdown;
mod socket;
mod validate;
mod websocket;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Arguments, HistoryCommand, Tool};
use crate::exit::Exit;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match &arguments.tool {
        Some(Tool::Db(command)) => return database_tools::run(command).into(),
        Some(Tool::History(HistoryCommand::Export(export))) => {
            return history_export::run(export).into();
        }
        None => {}
    }
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
