//! Lines over two logarithmic axes.

use std::fmt::Write;
use std::ops::Range;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 420.0;
/// The plane: where the lines are.
const LEFT: f64 = 80.0;
const RIGHT: f64 = 560.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 365.0;

/// Told apart by people who see colours differently, too (Okabe and Ito); grey last.
const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#888888"];
/// For more lines than colours.
const DASHES: [&str; 2] = ["none", "6 4"];

/// A name and its points, from left to right.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    name: String,
    pub(super) points: Vec<(f64, f64)>,
}

impl Line {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), points: Vec::new() }
    }
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chart {
    title: String,
    across: String,
    up: String,
    pub(super) lines: Vec<Line>,
}

/// A logarithmic axis: from which value to which, and from which place on the page to which.
struct Axis {
    values: Range<f64>,
    places: Range<f64>,
}

impl Chart {
    pub(super) fn new(title: &str, across: &str, up: &str) -> Self {
        let (title, across, up) = (title.to_owned(), across.to_owned(), up.to_owned());
        Self { title, across, up, lines: Vec::new() }
    }

    /// With these lines, as far as they have points.
    pub(super) fn with(mut self, lines: impl Iterator<Item = Line>) -> Self {
        self.lines = lines.filter(|line| !line.points.is_empty()).collect();
        self
    }

    pub(super) fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|line| line.points.iter());
        let across = Axis::over(points().map(|point| point.0), LEFT..RIGHT);
        let up = Axis::over(points().map(|point| point.1), BOTTOM..TOP);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n"
        );
        text(&mut svg, (LEFT, 26.0), "start\" font-size=\"15", &self.title);
        text(&mut svg, ((LEFT + RIGHT) / 2.0, HEIGHT - 14.0), "middle", &self.across);
        text(&mut svg, (LEFT - 8.0, TOP - 10.0), "end", &self.up);
        for value in across.ticks() {
            let x = across.place(value);
            rule(&mut svg, (x, TOP), (x, BOTTOM));
            text(&mut svg, (x, BOTTOM + 18.0), "middle", &short(value));
        }
        for value in up.ticks() {
            let y = up.place(value);
            rule(&mut svg, (LEFT, y), (RIGHT, y));
            text(&mut svg, (LEFT - 8.0, y + 4.0), "end", &short(value));
        }
        for (nth, line) in self.lines.iter().enumerate() {
            line.draw(&mut svg, nth, &across, &up);
        }
        svg.push_str("</svg>\n");
        svg
    }
}

impl Line {
    fn draw(&self, svg: &mut String, nth: usize, across: &Axis, up: &Axis) {
        let colour = COLOURS[nth % COLOURS.len()];
        let dashes = DASHES[nth / COLOURS.len() % DASHES.len()];
        let style = format!("stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"");
        let mut places = String::new();
        for &(x, y) in &self.points {
            let (x, y) = (across.place(x), up.place(y));
            push(&mut places, format_args!("{x:.1},{y:.1} "));
            push(
                svg,
                format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>\n"),
            );
        }
        push(
            svg,
            format_args!("<polyline points=\"{}\" fill=\"none\" {style}/>\n", places.trim_end()),
        );
        let y = TOP + 8.0 + 20.0 * nth as f64;
        let (from, to) = (RIGHT + 16.0, RIGHT + 40.0);
        push(svg, format_args!("<path d=\"M{from} {y} H{to}\" {style}/>\n"));
        text(svg, (RIGHT + 46.0, y + 4.0), "start", &self.name);
    }
}

impl Axis {
    /// From the power of ten below the least value to the one above the greatest.
    fn over(values: impl Iterator<Item = f64>, places: Range<f64>) -> Self {
        let (mut least, mut greatest) = (f64::INFINITY, 0.0_f64);
        for value in values.filter(|value| *value > 0.0) {
            (least, greatest) = (least.min(value), greatest.max(value));
        }
        let from = if least.is_finite() { least.log10().floor() } else { 0.0 };
        let to = greatest.max(1.0).log10().ceil().max(from + 1.0);
        Self { values: from..to, places }
    }

    fn place(&self, value: f64) -> f64 {
        let Range { start, end } = self.values;
        let part = (value.max(f64::MIN_POSITIVE).log10() - start) / (end - start);
        self.places.start + part.clamp(0.0, 1.0) * (self.places.end - self.places.start)
    }

    /// The powers of ten.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        (self.values.start as i32..=self.values.end as i32).map(|power| 10_f64.powi(power))
    }
}

fn rule(svg: &mut String, from: (f64, f64), to: (f64, f64)) {
    let path = format!("M{:.1} {:.1} L{:.1} {:.1}", from.0, from.1, to.0, to.1);
    push(svg, format_args!("<path d=\"{path}\" stroke=\"#dddddd\"/>\n"));
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    push(
        svg,
        format_args!(
            "<text x=\"{:.1}\" y=\"{:.1}\" fill=\"#333333\" text-anchor=\"{anchor}\">{text}</text>\n",
            at.0, at.1
        ),
    );
}

/// Writing to a string does not fail.
fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments).ok();
}

/// `10`, `1k`, `100k`, `1M`.
fn short(value: f64) -> String {
    match value {
        1e6.. => format!("{}M", value / 1e6),
        1e3.. => format!("{}k", value / 1e3),
        _ => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: &[(f64, f64)]) -> Chart {
        let mut line = Line::new("a<b");
        line.points.extend(points);
        Chart::new("title", "x", "y").with([line, Line::new("empty")].into_iter())
    }

    #[test]
    fn equal_factors_are_equal_distances() {
        let svg = chart(&[(1.0, 10.0), (10.0, 100.0), (100.0, 1000.0)]).svg();
        assert!(svg.contains("points=\"80.0,365.0 320.0,207.5 560.0,50.0\""), "{svg}");
    }

    #[test]
    fn names_are_escaped_and_lines_without_points_left_out() {
        let svg = chart(&[(1.0, 1.0)]).svg();
        assert!(svg.contains("a&lt;b") && !svg.contains("empty"), "{svg}");
    }

    #[test]
    fn ticks_are_short() {
        let texts = [0.1, 1.0, 100.0, 1e3, 1e5, 1e6].map(short);
        assert_eq!(texts, ["0.1", "1", "100", "1k", "100k", "1M"]);
    }
}
