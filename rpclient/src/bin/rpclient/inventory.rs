//! `rpclient inventory`: get, push, check, convert, diff, revisions and revert.

use std::path::Path;

use rpclient::respo::wire::InventoryAnswer;
use rpclient::respo::yaml::{InventoryDocument, InventoryProblem};
use rpclient::respo::{Inventory, InventoryChange, Rules, Stack};
use rpclient::{Client, Error, Label, Name, Resource};
use serde::Serialize;

use crate::arguments::{CommonArguments, InventoryCommand};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::input::{self, shown};
use crate::inventory_difference::{changed_fields, changed_rules};
use crate::output;
use crate::table::Table;

pub(crate) async fn run(
    common: &CommonArguments,
    command: InventoryCommand,
) -> Result<ExitCode, Failure> {
    match command {
        InventoryCommand::Get { revision } => get(common, revision).await?,
        InventoryCommand::Revisions => revisions(common).await?,
        InventoryCommand::Revert { revision, dry_run } => {
            tell(common, &common.administrator()?.revert_inventory(revision, dry_run).await?)?;
        }
        InventoryCommand::Push { file, dry_run } => push(common, &file, dry_run).await?,
        InventoryCommand::Check { file } => return check(common, &file),
        InventoryCommand::Convert { file } => convert(common, &file)?,
        InventoryCommand::Diff { file } => difference(common, &file).await?,
    }
    Ok(ExitCode::Success)
}

async fn get(common: &CommonArguments, revision: Option<u64>) -> Result<(), Failure> {
    let client = common.administrator()?;
    let yaml = match revision {
        Some(revision) => client.inventory_of(revision).await?,
        None => client.inventory().await?,
    };
    if !common.json && common.pool.is_none() {
        return output::print(&yaml);
    }
    let mut document = parse_served(&client, &yaml)?;
    if let Some(name) = &common.pool {
        document.pools.retain(|(pool, _)| pool == name);
        if document.pools.is_empty() {
            return Err(Failure::new(ExitCode::NoSuch, format!("no such pool: {name}")));
        }
    }
    print_document(common, &document)
}

/// An inventory as YAML, or as JSON if that is asked for.
fn print_document(common: &CommonArguments, document: &InventoryDocument) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Pool<'a> {
        name: &'a Label,
        resources: Vec<&'a Resource>,
        stacks: &'a [Stack],
        /// Under the keys that they have in the file.
        #[serde(flatten)]
        rules: &'a Rules,
    }
    #[derive(Serialize)]
    struct Pools<'a> {
        pools: Vec<Pool<'a>>,
    }
    if !common.json {
        return output::print(&document.to_yaml());
    }
    let pools = document.pools.iter().map(|(name, inventory)| Pool {
        name,
        resources: inventory.resources().iter().map(AsRef::as_ref).collect(),
        stacks: inventory.stacks(),
        rules: inventory.rules(),
    });
    output::print_json(&Pools { pools: pools.collect() })
}

async fn push(common: &CommonArguments, file: &Path, dry_run: bool) -> Result<(), Failure> {
    let yaml = read(file)?;
    let answer = send(&common.administrator()?, &yaml, dry_run, file).await?;
    tell(common, &answer)
}

/// Says what has changed, or would.
fn tell(common: &CommonArguments, answer: &InventoryAnswer) -> Result<(), Failure> {
    if common.json { output::print_json(answer) } else { output::print(&summary(answer)) }
}

async fn revisions(common: &CommonArguments) -> Result<(), Failure> {
    let answer = common.administrator()?.inventory_revisions().await?;
    if common.json {
        return output::print_json(&answer);
    }
    let mut table = Table::new(&["POOL", "REVISION", "SINCE", "RESOURCES"]);
    for pool in &answer.pools {
        for revision in &pool.revisions {
            let number = revision.revision.to_string();
            let (since, resources) = (revision.at.to_string(), revision.resources.to_string());
            table.row([pool.name.to_string(), number, since, resources]);
        }
    }
    output::print(&table.render())
}

fn check(common: &CommonArguments, file: &Path) -> Result<ExitCode, Failure> {
    #[derive(Serialize)]
    struct Checked<'a> {
        file: &'a str,
        problems: &'a [InventoryProblem],
    }
    let (found, problems) = match InventoryDocument::parse(&read(file)?) {
        Ok(document) => (describe(&document), Vec::new()),
        Err(problems) => (String::new(), problems.0),
    };
    let shown = shown(file);
    if common.json {
        output::print_json(&Checked { file: &shown, problems: &problems })?;
    } else if problems.is_empty() {
        output::print(&format!("{shown}: {found}\n"))?;
    } else {
        output::print(&located(&shown, &problems))?;
    }
    Ok(if problems.is_empty() { ExitCode::Success } else { ExitCode::InvalidInventory })
}

fn convert(common: &CommonArguments, file: &Path) -> Result<(), Failure> {
    let text = read(file)?;
    let read = match &common.pool {
        Some(pool) => InventoryDocument::parse_any_as(&text, pool),
        None => InventoryDocument::parse_any(&text),
    };
    let document = read.map_err(|problems| {
        let message = located(&shown(file), &problems.0);
        Failure::new(ExitCode::InvalidInventory, message.trim_end().to_owned())
    })?;
    print_document(common, &document)
}

async fn difference(common: &CommonArguments, file: &Path) -> Result<(), Failure> {
    let yaml = read(file)?;
    let client = common.administrator()?;
    let answer = send(&client, &yaml, true, file).await?;
    if common.json {
        return output::print_json(&answer);
    }
    let before = parse_served(&client, &client.inventory().await?)?;
    let after = InventoryDocument::parse(&yaml).ok();
    let mut text = String::new();
    for pool in &answer.pools {
        if answer.pools.len() > 1 {
            text.push_str(&format!("pool {}\n", pool.name));
        }
        let old = inventory(&before, &pool.name);
        let new = after.as_ref().and_then(|after| inventory(after, &pool.name));
        text.push_str(&described(&pool.change, old, new));
    }
    output::print(&text)
}

/// A change of one pool, with what the inventories before and after it say of what has changed.
fn described(change: &InventoryChange, old: Option<&Inventory>, new: Option<&Inventory>) -> String {
    let mut text = String::new();
    let resources = |name: &Name| old?.find(name.as_str()).zip(new?.find(name.as_str()));
    for name in &change.added {
        text.push_str(&format!("+ {name}\n"));
    }
    for name in &change.removed {
        text.push_str(&format!("- {name}\n"));
    }
    for name in &change.retired {
        text.push_str(&format!("- {name} (leased: it goes when the lease ends)\n"));
    }
    for name in &change.changed {
        let fields = resources(name).map(|(old, new)| changed_fields(old, new));
        text.push_str(&format!("~ {name}: {}\n", fields.unwrap_or_default().join(", ")));
    }
    if change.rules {
        let lines = old.zip(new).map(|(old, new)| changed_rules(old, new)).unwrap_or_default();
        text.extend(lines.into_iter().map(|line| line + "\n"));
    }
    if change.is_empty() {
        text.push_str("no difference\n");
    }
    text
}

/// Pushes; a refused inventory is told with its mistakes and where they stand in `file`.
async fn send(
    client: &Client,
    yaml: &str,
    dry_run: bool,
    file: &Path,
) -> Result<InventoryAnswer, Failure> {
    match client.push_inventory(yaml, dry_run).await {
        Err(Error::InvalidInventory { detail, problems }) if !problems.is_empty() => {
            let message = format!("{detail}\n{}", located(&shown(file), &problems));
            Err(Failure::new(ExitCode::InvalidInventory, message))
        }
        other => Ok(other?),
    }
}

fn summary(answer: &InventoryAnswer) -> String {
    let would = if answer.dry_run { " (dry run: nothing was changed)" } else { "" };
    let mut text = String::new();
    for pool in &answer.pools {
        text.push_str(&format!("pool {}, revision {}{would}\n", pool.name, pool.revision));
        let change = &pool.change;
        for (what, names) in [
            ("added", &change.added),
            ("removed", &change.removed),
            ("changed", &change.changed),
            ("retired", &change.retired),
        ] {
            if !names.is_empty() {
                let names = names.iter().map(Name::as_str).collect::<Vec<_>>().join(" ");
                text.push_str(&format!("  {what:<8} {names}\n"));
            }
        }
        if change.rules {
            text.push_str("  changed  the stacks or the rules\n");
        }
        if change.is_empty() {
            text.push_str("  no difference\n");
        }
    }
    text
}

/// The mistakes, a line each, as compilers tell theirs.
fn located(file: &str, problems: &[InventoryProblem]) -> String {
    problems.iter().map(|problem| problem.in_file(file) + "\n").collect()
}

fn describe(document: &InventoryDocument) -> String {
    let count = |inventory: &Inventory| match inventory.len() {
        1 => "1 resource".to_owned(),
        several => format!("{several} resources"),
    };
    let pools = document
        .pools
        .iter()
        .map(|(name, inventory)| format!("pool {:?} with {}", name.as_str(), count(inventory)));
    pools.collect::<Vec<_>>().join(", ")
}

fn inventory<'a>(document: &'a InventoryDocument, pool: &Label) -> Option<&'a Inventory> {
    let found = document.pools.iter().find(|(label, _)| label == pool);
    found.map(|(_, inventory)| inventory)
}

fn parse_served(client: &Client, yaml: &str) -> Result<InventoryDocument, Failure> {
    InventoryDocument::parse(yaml).map_err(|problems| {
        let first = problems.0.first().map(ToString::to_string).unwrap_or_default();
        let url = client.url();
        let message = format!("the inventory of {url} cannot be read by this version: {first}");
        Failure::new(ExitCode::Protocol, message)
    })
}

fn read(file: &Path) -> Result<String, Failure> {
    let bytes = input::read(file)?;
    InventoryDocument::decode(&bytes).map(str::to_owned).map_err(|problems| {
        let message = located(&shown(file), &problems.0);
        Failure::new(ExitCode::InvalidInventory, message.trim_end().to_owned())
    })
}
