//! No input makes the reader panic, overflow the stack, loop or take memory out of proportion.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use respo::yaml::{InventoryDocument, InventoryProblem};

use crate::{fixtures, only_problem, problems, text_lines};

/// Checks what must hold for any input.
fn check(text: &str) -> Result<(), TestCaseError> {
    match InventoryDocument::parse(text) {
        Ok(document) => {
            prop_assert!(!document.pools.is_empty());
            prop_assert_eq!(InventoryDocument::parse(&document.to_yaml()).unwrap(), document);
        }
        Err(problems) => {
            prop_assert!(!problems.0.is_empty());
            prop_assert_eq!(problems.to_string().lines().count(), problems.0.len());
            let place = |problem: &InventoryProblem| (problem.line, problem.column);
            prop_assert!(problems.0.is_sorted_by_key(place));
        }
    }
    Ok(())
}

/// Pieces of which YAML is made, so that random texts get past the first character.
fn piece() -> impl Strategy<Value = String> {
    let pieces = text_lines("yaml_pieces.txt");
    prop_oneof![4 => select(pieces), 1 => any::<char>().prop_map(String::from)]
}

/// One of the test inventories, good or bad.
fn inventory() -> impl Strategy<Value = String> {
    let all = [fixtures("good"), fixtures("bad")].concat();
    select(all.into_iter().map(|(_, text)| text).collect::<Vec<_>>())
}

/// Replaces a stretch of at most 8 characters by a piece.
fn mutate(text: &str, at: Index, removed: usize, piece: &str) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let start = at.index(characters.len() + 1);
    let end = (start + removed).min(characters.len());
    characters.splice(start..end, piece.chars());
    characters.into_iter().collect()
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn any_pieces_of_yaml_are_read_or_refused(pieces in vec(piece(), 0..40)) {
        check(&pieces.concat())?;
    }

    #[test]
    fn an_inventory_with_random_changes_is_read_or_refused(
        text in inventory(),
        changes in vec((any::<Index>(), 0usize..8, piece()), 1..6),
    ) {
        let changed = changes.iter().fold(text, |text, (at, removed, piece)| {
            mutate(&text, *at, *removed, piece)
        });
        check(&changed)?;
    }

    #[test]
    fn an_inventory_that_is_cut_off_is_read_or_refused(text in inventory(), at in any::<Index>()) {
        check(&mutate(&text, at, usize::MAX / 2, ""))?;
    }
}

#[test]
fn nesting_without_end_is_refused_at_the_limit() {
    let depth = 100_000;
    let block_map: String = (0..2_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    for (text, what) in [
        ("[".repeat(depth), "flow lists"),
        ("{a: ".repeat(depth), "flow maps"),
        ("[{".repeat(depth), "both"),
        ("{? [".repeat(depth), "flow keys"),
        ("- ".repeat(depth), "block lists"),
        ("? ".repeat(depth), "block keys"),
        ("- ? ".repeat(depth), "block lists as keys"),
        ("!!seq [".repeat(depth), "tagged lists"),
        ("&a [".repeat(depth), "anchored lists"),
        (block_map, "block maps"),
        (format!("pool: {}{}", "[".repeat(depth), "]".repeat(depth)), "a value"),
    ] {
        let problem = only_problem(&text);
        assert!(problem.contains("nested more than 64 deep"), "{what}: {problem}");
    }
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut lists =
        "pool:\n  name: lab\n  resources:\n    b:\n      entities:\n        e:\n          \
                     properties:\n            a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            .to_owned();
    let mut maps = lists.clone();
    for level in 1..30 {
        let uses = format!("*a{}, ", level - 1).repeat(10);
        lists.push_str(&format!("            a{level}: &a{level} [{uses}]\n"));
        let uses: String = (0..10).map(|index| format!("k{index}: *a{}, ", level - 1)).collect();
        maps.push_str(&format!("            a{level}: &a{level} {{{uses}}}\n"));
    }
    for text in [lists, maps] {
        let problem = only_problem(&text);
        assert!(
            problem.contains("written out, the aliases up to here make more than"),
            "{problem}"
        );
    }
}

#[test]
fn an_alias_bomb_of_long_texts_is_refused() {
    let long = "x".repeat(100_000);
    let uses = "*a, ".repeat(10_000);
    let text = format!("pool: {{name: &a {long}, resources: [{uses}]}}");
    assert!(only_problem(&text).contains("written out, the aliases"), "{}", only_problem(&text));
}

#[test]
fn an_alias_bomb_of_nested_lists_is_refused() {
    let mut text = "a0: &a0 [[[[[[[[x]]]]]]]]\n".to_owned();
    for level in 1..30 {
        text.push_str(&format!("a{level}: &a{level} [[[*a{}]]]\n", level - 1));
    }
    assert!(only_problem(&text).contains("nested more than 64 deep"), "{}", only_problem(&text));
}

#[test]
fn a_mistake_that_many_aliases_repeat_is_one_mistake() {
    let uses: String = (0..5_000).map(|index| format!("    b{index}: *wrong\n")).collect();
    let text = format!(
        "pool:\n  name: lab\n  resources:\n    bench-1: &wrong {{location: office1, \
         colour: blue}}\n{uses}"
    );
    let problem = only_problem(&text);
    assert!(problem.starts_with("line 4, column 41: pool.resources.bench-1.colour: "), "{problem}");
}

#[test]
fn many_unknown_resources_in_stacks_are_not_compared_with_everything() {
    let names = |letter: &str, index: usize| format!("{}{index:06}", letter.repeat(100));
    let mut text = "pool:\n  name: lab\n  resources:\n".to_owned();
    (0..20_000).for_each(|index| text.push_str(&format!("    {}:\n", names("a", index))));
    text.push_str("  stacks:\n");
    (0..20_000).for_each(|index| {
        text.push_str(&format!("    - [{}, {}]\n", names("b", index), names("c", index)));
    });
    // To compare each of them with all names would take hours.
    assert_eq!(problems(&text).len(), respo::yaml::MAX_PROBLEMS + 1);
}

#[test]
fn a_huge_value_is_refused_without_being_repeated() {
    let huge = "x".repeat(2_000_000);
    for text in [
        format!("pool: {{name: {huge}}}"),
        format!("pool: {{name: lab, {huge}: 1}}"),
        format!("pool: {{name: lab, resources: {{{huge}: {{location: []}}}}}}"),
        format!("pool: {{name: lab, resources: {{b: {{tags: {huge}}}}}}}"),
        format!("pool: {{name: lab, hold_back_after: {huge}}}"),
        format!("pool: {{name: lab, max_leases: {{per_holder: 1{}}}}}", "0".repeat(2_000_000)),
        format!("pool: {{name: lab, stacks: [[a, {huge}]], resources: {{a: , b: }}}}"),
        format!("pool: !{huge} {{}}"),
        huge.clone(),
        format!("\"{huge}"),
        format!("*{huge}"),
        format!("pool: |\n  {huge}"),
    ] {
        for problem in problems(&text) {
            assert!(problem.to_string().len() < 1_000);
        }
        assert!(!problems(&text).is_empty());
    }
}

#[test]
fn many_values_in_one_flow_list_are_refused_before_they_are_all_kept() {
    for piece in ["a,", "[],", "*a ", ": ", "\"\"\n", "? ", "&a ", "! "] {
        let text = format!("[{}", piece.repeat(6_000_000 / piece.len()));
        let problem = only_problem(&text);
        let is_refused = problem.starts_with("more than 1000000 values")
            || problem.starts_with("line 1, column") && problem.contains("not valid YAML");
        assert!(is_refused, "{piece:?}: {problem}");
    }
}

#[test]
fn control_characters_are_refused_where_they_are() {
    for (text, place) in [
        ("\0", "line 1, column 1"),
        ("pool: \0", "line 1, column 7"),
        ("pool:\r\n  é: \u{7}", "line 2, column 6"),
        ("pool:\r\rx\u{1b}[0m", "line 3, column 2"),
        ("pool: {name: lab} # \u{7f}", "line 1, column 21"),
        ("pool: \"\u{9f}\"", "line 1, column 8"),
        ("pool: \u{FFFF}", "line 1, column 7"),
    ] {
        let problem = only_problem(text);
        assert!(problem.starts_with(&format!("{place}: the control character U+")), "{problem}");
    }
}
