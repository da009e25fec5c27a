//! Rewriting parts of a page between markers: `<!-- load: NAME -->` and `<!-- load: end -->`, each on a line.

use crate::failure::Failure;

const END: &str = "<!-- load: end -->";

/// The page with `text` between the markers of this name.
pub(crate) fn replace(page: &str, name: &str, text: &str) -> Result<String, Failure> {
    let begin = format!("<!-- load: {name} -->\n");
    let missing = || Failure::new(format!("the page has no {} … {END}", begin.trim_end()));
    let (before, rest) = page.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{begin}\n{}\n\n{END}{after}", text.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_markers_of_that_name_changes() {
        let page = "a\n<!-- load: x -->\nold\n<!-- load: end -->\nb\n<!-- load: y -->\n<!-- load: end -->\n";
        let replaced = replace(page, "x", "new\n").unwrap();
        let expected = "a\n<!-- load: x -->\n\nnew\n\n<!-- load: end -->\nb\n<!-- load: y -->\n<!-- load: end -->\n";
        assert_eq!(replaced, expected);
        assert_eq!(replace(&replaced, "x", "new").unwrap(), expected);
        assert!(replace(page, "z", "").is_err());
    }
}
