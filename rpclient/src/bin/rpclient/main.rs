//! `rpclient`: leases shared resources from a respod, and runs commands while holding them.

mod acquire;
mod arguments;
mod elapsed;
mod exit_code;
mod failure;
mod help;
mod holder;
mod input;
mod inventory;
mod inventory_difference;
mod lease_document;
mod list;
mod lock;
mod output;
mod overview;
mod pass_on;
mod pointer;
mod queue;
mod release;
mod renew;
mod request;
mod selection;
mod selection_hint;
mod show;
mod status;
mod table;
mod waiters;
mod watch;
mod who;

use std::{env, process};

use clap::CommandFactory;

use crate::arguments::{Arguments, Command};
use crate::exit_code::ExitCode;
use crate::failure::Failure;

fn main() -> process::ExitCode {
    let ended = if lock::guard::is_asked_for(env::args_os().skip(1)) {
        lock::guard::run()
    } else {
        run(Arguments::read())
    };
    ended
        .unwrap_or_else(|failure| {
            output::say(&failure.message);
            failure.exit_code
        })
        .into()
}

/// Does what the command line says. One thread is enough, and it is the one that starts the command.
fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Failure::new(ExitCode::Local, format!("cannot set up input and output: {error}"))
    })?;
    let ended = runtime.block_on(dispatch(arguments));
    // A name look-up that does not come to an end must not keep the process.
    runtime.shutdown_background();
    ended
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode, Failure> {
    let common = arguments.common;
    match arguments.command {
        Command::Lock(lock) => return lock::run(&common, &lock).await,
        Command::Acquire(arguments) => return acquire::run(&common, &arguments).await,
        Command::Renew(arguments) => renew::renew(&common, &arguments).await?,
        Command::Extend(arguments) => renew::extend(&common, &arguments).await?,
        Command::Release(arguments) => release::release(&common, &arguments).await?,
        Command::Cancel(arguments) => release::cancel(&common, &arguments).await?,
        Command::Transfer(arguments) => pass_on::transfer(&common, &arguments).await?,
        Command::Allow(arguments) => pass_on::allow(&common, &arguments).await?,
        Command::Disallow(arguments) => pass_on::disallow(&common, &arguments).await?,
        Command::Watch { after } => watch::run(&common, after).await?,
        Command::Who => who::run(&common).await?,
        Command::Status => status::run(&common).await?,
        Command::List(arguments) => return list::run(&common, &arguments).await,
        Command::Show { resource } => show::run(&common, &resource).await?,
        Command::Queue => queue::run(&common).await?,
        Command::Inventory(command) => return inventory::run(&common, command).await,
        Command::Completions { shell } => return completions(shell),
    }
    Ok(ExitCode::Success)
}

fn completions(shell: clap_complete::Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "rpclient", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::Success)
}
