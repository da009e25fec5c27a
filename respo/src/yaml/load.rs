//! From YAML text to a located tree, within bounds.
//!
//! The parser's stream of events is read by a loop with a stack of its own, so no nesting can
//! exhaust the call stack. What keeps the rest from being read is one problem that ends the reading.

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, Tag};

use super::build::Builder;
use super::node::{Meaning, Node, Place};
use super::path::{Path, quoted};
use super::problem::InventoryProblem;
use super::scalar;
use super::{MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_NODES};

/// How often the characters that introduce or separate values may occur. In JSON, the densest form,
/// a value has two of them.
const MAX_SEPARATORS: usize = 2 * MAX_NODES;

/// The prefix that YAML's own tags have in full.
const STANDARD_TAG: &str = "tag:yaml.org,2002:";

/// Reads the one document that `text` holds. A second document is a problem that does not keep the
/// first from being checked.
pub(super) fn load(text: &str) -> Result<(Node, Option<InventoryProblem>), InventoryProblem> {
    refuse_oversized(text)?;
    refuse_unprintable(text)?;
    let mut builder = Builder::default();
    let mut second_document = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| syntax_problem(&error))?;
        if matches!(event, Event::DocumentStart(_)) && builder.root().is_some() {
            second_document = Some(problem_at(
                place(&span.start),
                "a second document in the same file",
                "keep one document; write several pools as a list under `pools:`",
            ));
            break;
        }
        take(&mut builder, event, &span)?;
    }
    match builder.into_root() {
        Some(root) => Ok((root, second_document)),
        None => Err(empty_document()),
    }
}

/// A document that says nothing.
pub(super) fn empty_document() -> InventoryProblem {
    let remedy = "write a pool: its name and its resources under `pool:`";
    InventoryProblem::new(&Path::Document, None, "the inventory is empty", remedy)
}

fn take(builder: &mut Builder, event: Event<'_>, span: &Span) -> Result<(), InventoryProblem> {
    let place = place(&span.start);
    match event {
        Event::Scalar(text, style, anchor, tag) => {
            match scalar_meaning(&text, style, tag.as_deref()) {
                Ok(meaning) => builder.scalar(place, anchor, text.into_owned(), meaning),
                Err(tag) => builder.tagged_scalar(place, anchor, tag),
            }
        }
        Event::SequenceStart(anchor, tag) => {
            builder.open_list(place, anchor, unsupported_tag(tag.as_deref(), "seq"))
        }
        Event::MappingStart(anchor, tag) => {
            builder.open_map(place, anchor, unsupported_tag(tag.as_deref(), "map"))
        }
        Event::SequenceEnd | Event::MappingEnd => builder.close(),
        Event::Alias(anchor) => builder.alias(place, anchor),
        Event::Nothing
        | Event::StreamStart
        | Event::StreamEnd
        | Event::DocumentStart(_)
        | Event::DocumentEnd => Ok(()),
    }
}

/// What a scalar means, or its tag if that is not supported or does not fit.
fn scalar_meaning(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Result<Meaning, String> {
    let Some(tag) = tag.map(full_tag) else {
        let is_plain = style == ScalarStyle::Plain;
        return Ok(if is_plain { scalar::meaning(text) } else { Meaning::Text });
    };
    let meaning = scalar::meaning(text);
    match (tag.strip_prefix(STANDARD_TAG), &meaning) {
        (Some("str"), _) => Ok(Meaning::Text),
        (Some("null"), Meaning::Null)
        | (Some("bool"), Meaning::Boolean(_))
        | (Some("float"), Meaning::Number(_) | Meaning::NotFinite) => Ok(meaning),
        (Some("int"), Meaning::Number(number)) if !number.is_f64() => Ok(meaning),
        // The tag `!` alone says that the value is not to be interpreted.
        (None, _) if tag == "!" => Ok(Meaning::Text),
        _ => Err(short_tag(&tag)),
    }
}

/// The tag of a list or map unless it is the one that it has anyhow.
fn unsupported_tag(tag: Option<&Tag>, own: &str) -> Option<String> {
    let tag = full_tag(tag?);
    (tag != "!" && tag.strip_prefix(STANDARD_TAG) != Some(own)).then(|| short_tag(&tag))
}

fn full_tag(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

fn short_tag(full: &str) -> String {
    match full.strip_prefix(STANDARD_TAG) {
        Some(own) => format!("!!{own}"),
        None => full.to_owned(),
    }
}

fn refuse_oversized(text: &str) -> Result<(), InventoryProblem> {
    if text.len() > MAX_DOCUMENT_BYTES {
        let problem =
            format!("{} bytes are more than the {MAX_DOCUMENT_BYTES} allowed", text.len());
        let remedy = "split the inventory, or shorten its properties";
        return Err(InventoryProblem::new(&Path::Document, None, problem, remedy));
    }
    // The parser looks ahead to the end of a `[…]` or `{…}` that may turn out to be a key, and keeps
    // about 100 bytes for each token on the way. Counting first bounds what it keeps before an event
    // is out and the nodes can be counted. Each comma and bracket stands for a node, if not in a text.
    let count = |set: &[u8]| text.bytes().filter(|byte| set.contains(byte)).count();
    if count(b",[{") > MAX_NODES || count(b",[{:?&*!") + count(b"\"'") / 2 > MAX_SEPARATORS {
        return Err(too_many_nodes());
    }
    Ok(())
}

/// Finds the first character that YAML does not allow in a file.
fn refuse_unprintable(text: &str) -> Result<(), InventoryProblem> {
    let is_allowed = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{85}' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        _ => !c.is_control(),
    };
    let Some((at, found)) = text.char_indices().find(|&(_, c)| !is_allowed(c)) else {
        return Ok(());
    };
    let mut place = Place { line: 1, column: 1 };
    let mut before = text[..at].chars().peekable();
    while let Some(c) = before.next() {
        let ends_line = c == '\n' || (c == '\r' && before.peek() != Some(&'\n'));
        if ends_line {
            place = Place { line: place.line + 1, column: 1 };
        } else {
            place.column += 1;
        }
    }
    let problem = format!("the control character U+{:04X}", u32::from(found));
    let remedy = "remove it, or write it as an escape in double quotes";
    Err(problem_at(place, problem, remedy))
}

fn syntax_problem(error: &ScanError) -> InventoryProblem {
    let place = place(error.marker());
    let info = error.info();
    let remedy = match info {
        "recursion limit exceeded" => return too_deep(place),
        _ if info.contains("unknown anchor") => {
            "define the anchor (&name) before its alias (*name)"
        }
        _ if info.contains("tab") => "indent with spaces",
        _ if info.contains("unexpected character") => "put a value that starts with it in quotes",
        _ if info.contains("mapping values are not allowed") => {
            "put a value that has \": \" in it in quotes, or correct the indentation"
        }
        _ if info.contains("trailing content") => "remove what follows the closing quote",
        _ if info.contains("escape") => "write \\\\ for a backslash, or use single quotes",
        _ if info.contains("quoted scalar") => "close the quote",
        _ if info.contains("simple key expect") => "write `key: value`",
        _ => "correct the YAML here or just before",
    };
    problem_at(place, format!("not valid YAML: {info}"), remedy)
}

/// A value nested deeper than allowed.
pub(super) fn too_deep(place: Place) -> InventoryProblem {
    let problem = format!("lists and maps nested more than {MAX_DEPTH} deep");
    problem_at(place, problem, "flatten the value")
}

/// More values than allowed, without regard to aliases.
pub(super) fn too_many_nodes() -> InventoryProblem {
    let problem = format!("more than {MAX_NODES} values");
    let remedy = "split the inventory, or shorten its properties";
    InventoryProblem::new(&Path::Document, None, problem, remedy)
}

/// A problem with the document rather than with one of its values.
pub(super) fn problem_at(
    place: Place,
    problem: impl Into<String>,
    remedy: impl Into<String>,
) -> InventoryProblem {
    InventoryProblem::new(&Path::Document, Some(place), problem, remedy)
}

fn place(marker: &Marker) -> Place {
    // The document is shorter than 2^32 characters: `refuse_oversized` has seen to it.
    let counted = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Place { line: counted(marker.line()), column: counted(marker.col().saturating_add(1)) }
}

/// What is said about a tag that is not supported, and its remedy.
pub(super) fn tag_problem(tag: &str) -> (String, &'static str) {
    (format!("the tag {} is not supported here", quoted(tag)), "remove the tag")
}
