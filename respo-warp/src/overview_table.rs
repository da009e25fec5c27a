//! The overview as text: tables whose columns line up on a terminal.

use respo::Timestamp;
use respo::wire::{Overview, PoolOverview, ResourceOverview, ResourceState, WaitingOverview};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::elapsed::elapsed;
use crate::overview_words::{asks_for, join, only_for, state_words, summary};

/// The widest that a column of free text gets, in terminal cells. JSON has everything in full.
const WIDEST: usize = 40;

/// Writes the overview as text.
pub(crate) fn render(overview: &Overview) -> String {
    let mut text = String::new();
    for (index, pool) in overview.pools.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        render_pool(&mut text, pool, overview.time);
    }
    text
}

fn render_pool(text: &mut String, pool: &PoolOverview, now: Timestamp) {
    text.push_str(&format!("{}: {}\n\n", pool.name, summary(pool)));
    let mut table = Table::new([
        "RESOURCE",
        "STATE",
        "ONLY FOR",
        "HOLDER",
        "FOR",
        "SINCE",
        "QUEUE",
        "LOCATION",
        "ATTRIBUTES",
        "ENTITIES",
    ]);
    for resource in &pool.resources {
        table.add(resource_row(resource, now));
    }
    table.write(text);
    if pool.waiting.is_empty() {
        return;
    }
    text.push('\n');
    let mut table = Table::new([
        "WAITING",
        "HOLDER",
        "FOR",
        "SINCE",
        "PLACE",
        "PRIORITY",
        "ASKS FOR",
        "HELD BACK FOR IT",
        "ITS LIMIT",
    ]);
    for request in &pool.waiting {
        table.add(waiting_row(request, now));
    }
    table.write(text);
}

fn resource_row(resource: &ResourceOverview, now: Timestamp) -> [String; 10] {
    // Nobody holds a collateral itself.
    let is_held = resource.state != ResourceState::Collateral;
    let lease = resource.lease.as_ref().filter(|_| is_held);
    let holder = lease.and_then(|lease| lease.holder.as_ref());
    let purpose = lease.and_then(|lease| lease.description.as_ref());
    let entities: Vec<String> = resource
        .entities
        .iter()
        .map(|(name, entity)| match entity.attributes.is_empty() {
            true => name.to_string(),
            false => format!("{name}[{}]", join(&entity.attributes, ",")),
        })
        .collect();
    [
        match resource.ephemeral {
            true => format!("{} (ephemeral)", resource.name),
            false => resource.name.to_string(),
        },
        state_words(resource.state).to_owned(),
        shortened(Some(only_for(resource))),
        shortened(holder),
        shortened(purpose),
        lease.map_or_else(String::new, |lease| elapsed(lease.since, now)),
        if resource.queue == 0 { String::new() } else { resource.queue.to_string() },
        shortened(resource.location.as_ref()),
        shortened(Some(join(&resource.attributes, ","))),
        entities.join(" "),
    ]
}

fn waiting_row(request: &WaitingOverview, now: Timestamp) -> [String; 9] {
    [
        request.id.to_string(),
        shortened(request.holder.as_ref()),
        shortened(request.description.as_ref()),
        elapsed(request.since, now),
        format!("{} of {}", request.position, request.of),
        request.priority.to_string(),
        join(asks_for(request), "; "),
        shortened(Some(join(&request.held_back, ","))),
        request.limit.clone().unwrap_or_default(),
    ]
}

/// The text, cut where it would be wider than [`WIDEST`].
fn shortened(text: Option<impl ToString>) -> String {
    let text = text.map_or_else(String::new, |text| text.to_string());
    if text.width() <= WIDEST {
        return text;
    }
    let mut width = 0;
    let mut short: String = text
        .chars()
        .take_while(|c| {
            width += c.width().unwrap_or(0);
            width < WIDEST
        })
        .collect();
    short.push('…');
    short
}

/// Rows of cells that are written with their columns lined up.
struct Table<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    fn new(headings: [&str; COLUMNS]) -> Self {
        Self { rows: vec![headings.map(str::to_owned)] }
    }

    fn add(&mut self, row: [String; COLUMNS]) {
        self.rows.push(row);
    }

    /// Writes each row on a line, without the columns that are empty but for their headings.
    fn write(&self, text: &mut String) {
        let widths: Vec<usize> = (0..COLUMNS).map(|column| self.width(column)).collect();
        for row in &self.rows {
            let start = text.len();
            for (cell, &width) in row.iter().zip(&widths).filter(|&(_, &width)| width > 0) {
                text.push_str(cell);
                text.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.width()) + 2));
            }
            let end = start + text[start..].trim_end().len();
            text.truncate(end);
            text.push('\n');
        }
    }

    /// How wide a column is; 0 if there is nothing below its heading.
    fn width(&self, column: usize) -> usize {
        let is_empty = self.rows[1..].iter().all(|row| row[column].is_empty());
        let widest = self.rows.iter().map(|row| row[column].width()).max().unwrap_or(0);
        if is_empty && self.rows.len() > 1 { 0 } else { widest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<const COLUMNS: usize>(table: &Table<COLUMNS>) -> String {
        let mut text = String::new();
        table.write(&mut text);
        text
    }

    #[test]
    fn columns_line_up_by_display_width_and_rows_do_not_end_in_blanks() {
        let mut table = Table::new(["NAME", "PLACE"]);
        table.add(["ベンチ".to_owned(), "a".to_owned()]);
        table.add(["bench-1".to_owned(), "é".to_owned()]);
        table.add(["x".to_owned(), String::new()]);
        assert_eq!(written(&table), "NAME     PLACE\nベンチ   a\nbench-1  é\nx\n");
    }

    #[test]
    fn a_column_with_nothing_in_it_is_left_out() {
        let mut table = Table::new(["NAME", "HOLDER", "PLACE"]);
        table.add(["a".to_owned(), String::new(), "b".to_owned()]);
        assert_eq!(written(&table), "NAME  PLACE\na     b\n");
    }

    #[test]
    fn long_text_is_cut_to_the_widest_column() {
        let short = shortened(Some("試".repeat(100)));
        assert!(short.ends_with('…') && short.width() <= WIDEST, "{short}");
        assert_eq!(shortened(Some("x".repeat(WIDEST))), "x".repeat(WIDEST));
    }
}
