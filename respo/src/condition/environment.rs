//! The language: its parser and its functions.

use std::sync::{Arc, LazyLock};
use std::thread;

use cel::common::ast::SourceInfo;
use cel::common::types::{CelList, CelString, DYN_TYPE, Kind};
use cel::common::value::{CowVal, Val};
use cel::parser::{Expression, ParseErrors};
use cel::{Env, ExecutionError};

use super::ConditionError;

/// Gives the keys of a map as a list in order, and anything else as it is. No expression can name it; the
/// check puts it wherever a map might be gone through, whose own order is random.
pub(super) const IN_ORDER: &str = "@in_order";

/// Without optimization the parser needs up to 160 KiB for each level of nesting. Only what is used of it
/// takes up memory.
const PARSER_STACK: usize = 32 << 20;

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(environment()));

/// The functions of the language, made once.
pub(super) fn shared() -> Arc<Env> {
    Arc::clone(&ENVIRONMENT)
}

#[expect(clippy::expect_used, reason = "the library has no function of that name")]
fn environment() -> Env {
    let mut environment = Env::stdlib().with_optional_support(false);
    environment
        .add_overload(IN_ORDER, IN_ORDER, vec![DYN_TYPE], in_order)
        .expect("the name is free");
    environment
}

fn in_order<'b, 'v>(mut values: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = values.pop().ok_or_else(ExecutionError::missing_argument_or_target)?;
    if value.get_type().kind() != Kind::Map {
        return Ok(value);
    }
    let mut keys: Vec<Box<dyn Val + 'v>> = Vec::new();
    if let Some(map) = value.as_iterable() {
        let mut each = map.iter();
        while let Some(key) = each.next() {
            keys.push(key.clone_as_boxed());
        }
    }
    // All keys are texts: those of a resource are, and maps cannot be written in an expression.
    keys.sort_by(|a, b| text(a.as_ref()).cmp(&text(b.as_ref())));
    Ok(CowVal::owned(CelList::from(keys)))
}

fn text<'k>(key: &'k (dyn Val + '_)) -> Option<&'k str> {
    key.downcast_ref::<CelString>().map(CelString::inner)
}

/// Parses a text whose depth is bounded, in a thread with a stack that is deep enough.
pub(super) fn parse(text: &str) -> Result<(Expression, SourceInfo), ConditionError> {
    let parser = shared().parser();
    let parse = || parser.parse_with_source_info(text);
    let parsed = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(PARSER_STACK).spawn_scoped(scope, parse);
        thread.map_err(|error| error.to_string())?.join().map_err(|_| "it is too odd".to_owned())
    });
    match parsed {
        Ok(parsed) => parsed.map_err(|errors| syntax_error(text, &errors)),
        Err(problem) => {
            Err(ConditionError::new(format!("the condition was not parsed: {problem}")))
        }
    }
}

fn syntax_error(text: &str, errors: &ParseErrors) -> ConditionError {
    let Some(first) = errors.errors.first() else {
        return ConditionError::new("this is no expression");
    };
    let what = out_of_place(first.msg.trim_start_matches("Syntax error: "));
    let (line, column) = first.pos;
    let instead = "write it like \"can\" in attributes && properties.ram >= 8";
    ConditionError::at(text, place(text, line, column), &what, instead)
}

/// What a message of the parser says, without its list of everything that might stand there instead.
fn out_of_place(message: &str) -> String {
    let message = message.split(" expecting ").next().unwrap_or_default();
    let message = message.replace(|c: char| c.is_control(), " ");
    let token = message.split_once("input '").and_then(|(_, token)| token.strip_suffix('\''));
    match token {
        Some("<EOF>") => "the condition ends too early".to_owned(),
        Some(token) => format!("{token} is out of place"),
        None => message,
    }
}

/// A line and a column, counted from 1, as a number of characters from the start.
fn place(text: &str, line: isize, column: isize) -> usize {
    let before = usize::try_from(line - 1).unwrap_or(0);
    let lines: usize =
        text.split_inclusive('\n').take(before).map(|line| line.chars().count()).sum();
    let place = lines + usize::try_from(column - 1).unwrap_or(0);
    place.min(text.chars().count())
}
