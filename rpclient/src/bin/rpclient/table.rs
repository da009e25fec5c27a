//! Aligned columns of plain text.

use unicode_width::UnicodeWidthStr;

/// A table: a line of headings and any number of rows as wide.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

const GAP: &str = "  ";
/// What stands for nothing, so that every line has the same number of words to cut by.
const NOTHING: &str = "-";

impl Table {
    pub(crate) fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|&heading| heading.to_owned()).collect()] }
    }

    /// Adds a row. An empty cell becomes `-`.
    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        let shown = |cell: String| {
            if cell.is_empty() { NOTHING.to_owned() } else { cell }
        };
        self.rows.push(cells.into_iter().map(shown).collect());
    }

    /// The lines, without spaces at their ends.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        let widths = self.widths();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(cell);
                let padding = width.saturating_sub(cell.width());
                line.extend(std::iter::repeat_n(' ', padding));
                line.push_str(GAP);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        };
        (0..columns).map(width).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_nothing_is_a_dash() {
        let mut table = Table::new(&["NAME", "HOLDER", "FOR"]);
        table.row(["bench-1".to_owned(), "zoë".to_owned(), "nightly run".to_owned()]);
        table.row(["b".to_owned(), String::new(), String::new()]);
        assert_eq!(
            table.render(),
            "NAME     HOLDER  FOR\n\
             bench-1  zoë     nightly run\n\
             b        -       -\n"
        );
    }
}
