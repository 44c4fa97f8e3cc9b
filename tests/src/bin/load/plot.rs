//! The plot: ratios as bars, growth and latencies as lines. SVG is text, and this is all of it that is needed.

use std::fmt::Write as _;

use crate::{
    figures::{Curve, Findings, Ratio},
    latency::Latencies,
};

const WIDTH: f64 = 860.0;
/// Where the areas begin and end, from the left.
const LEFT: f64 = 230.0;
const RIGHT: f64 = 820.0;
/// The height of an area of lines, and of each name below it.
const AREA: f64 = 220.0;
const LEGEND: f64 = 17.0;
/// The height of a bar with its gap.
const BAR: f64 = 30.0;
/// To be told apart also in print and by most eyes (Okabe and Ito).
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];
/// The percentiles of the axis, each a third of the way nearer to all.
const PERCENTILES: [(&str, f64); 5] =
    [("50 %", 50.0), ("90 %", 90.0), ("99 %", 99.0), ("99.9 %", 99.9), ("max", 100.0)];

/// A linear map of values to places.
struct Axis {
    values: [f64; 2],
    places: [f64; 2],
}

impl Axis {
    fn place(&self, value: f64) -> f64 {
        let ([low, high], [from, to]) = (self.values, self.places);
        from + (value - low) / (high - low) * (to - from)
    }
}

/// The drawing so far, and where the next part begins.
struct Drawing {
    body: String,
    y: f64,
}

/// The whole plot; what was not measured is left out.
pub fn svg(findings: &Findings) -> String {
    let mut drawing = Drawing { body: String::new(), y: 0.0 };
    if !findings.ratios.is_empty() {
        drawing.bars(&findings.ratios);
    }
    if !findings.growth.is_empty() {
        drawing.growth(&findings.growth);
    }
    if !findings.latencies.is_empty() {
        drawing.latencies(&findings.latencies);
    }
    let Drawing { body, y } = drawing;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {y}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{body}</svg>\n"
    )
}

impl Drawing {
    fn text(&mut self, x: f64, y: f64, anchor: &str, text: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(self.body, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
    }

    fn title(&mut self, text: &str) {
        self.y += 28.0;
        let _ = writeln!(
            self.body,
            "<text x=\"20\" y=\"{:.1}\" font-size=\"15\" font-weight=\"bold\">{text}</text>",
            self.y
        );
        self.y += 14.0;
    }

    fn line(&mut self, from: (f64, f64), to: (f64, f64), style: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        let _ = writeln!(self.body, "<path d=\"M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}\" {style}/>");
    }

    /// Requests a second and processor time, each to the bare handler's.
    fn bars(&mut self, ratios: &[Ratio]) {
        self.title("Verification, to a bare handler: by requests a second, by processor time of the server");
        let axis = Axis { values: [0.0, 1.0], places: [LEFT, RIGHT - 40.0] };
        let (top, bottom) = (self.y, self.y + BAR * count(ratios.len()));
        for tenths in (0..=10).step_by(2) {
            let (value, x) = (f64::from(tenths) / 10.0, axis.place(f64::from(tenths) / 10.0));
            self.line((x, top), (x, bottom), GRID);
            self.text(x, bottom + 15.0, "middle", &format!("{value:.1}"));
        }
        for (number, ratio) in ratios.iter().enumerate() {
            let y = top + BAR * count(number);
            self.text(LEFT - 8.0, y + 18.0, "end", &ratio.name);
            for (row, value) in [ratio.by_requests, ratio.by_processor].into_iter().enumerate() {
                let (end, y) = (axis.place(value), y + 3.0 + 12.0 * count(row));
                let (width, colour) = (end - LEFT, COLOURS[row]);
                let _ = writeln!(
                    self.body,
                    "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"11\" fill=\"{colour}\"/>"
                );
                self.text(end + 5.0, y + 10.0, "start", &format!("{value:.2}"));
            }
        }
        self.y = bottom + 30.0;
    }

    fn growth(&mut self, curves: &[Curve]) {
        self.title("Processor time of a verification, to that with 10,000 tokens");
        let all = || curves.iter().flat_map(|curve| &curve.points);
        let highest = all().map(|(_, ratio)| *ratio).fold(1.4, f64::max);
        let logs: Vec<f64> = all().map(|(size, _)| f64::from(*size).log10()).collect();
        let (least, most) = (logs.iter().copied().fold(7.0, f64::min), logs.iter().copied().fold(5.0, f64::max));
        let x = Axis { values: [least, most], places: [LEFT, RIGHT] };
        let y = Axis { values: [0.0, highest], places: [self.y + AREA, self.y] };
        for value in [0.5, 1.0, 1.3] {
            let at = y.place(value);
            self.line((LEFT, at), (RIGHT, at), if value > 1.1 { TARGET } else { GRID });
            self.text(LEFT - 8.0, at + 4.0, "end", &format!("{value:.1}"));
        }
        let mut sizes: Vec<u32> = all().map(|(size, _)| *size).collect();
        sizes.sort_unstable();
        sizes.dedup();
        for size in sizes {
            self.text(x.place(f64::from(size).log10()), self.y + AREA + 16.0, "middle", &size.to_string());
        }
        let places = |curve: &Curve| {
            curve.points.iter().map(|(size, ratio)| (x.place(f64::from(*size).log10()), y.place(*ratio))).collect()
        };
        let lines: Vec<(String, Vec<(f64, f64)>)> =
            curves.iter().map(|curve| (curve.name.clone(), places(curve))).collect();
        self.lines(&lines);
    }

    fn latencies(&mut self, all: &[(String, Latencies)]) {
        /// The lowest and the highest of the axis, as powers of ten, in milliseconds.
        const POWERS: [i32; 2] = [-2, 3];
        self.title("Latency of verifications, milliseconds from when each was due");
        let x = Axis { values: [0.0, count(PERCENTILES.len() - 1)], places: [LEFT, RIGHT] };
        let y = Axis { values: POWERS.map(f64::from), places: [self.y + AREA, self.y] };
        for power in POWERS[0]..=POWERS[1] {
            let at = y.place(f64::from(power));
            self.line((LEFT, at), (RIGHT, at), GRID);
            self.text(LEFT - 8.0, at + 4.0, "end", &10_f64.powi(power).to_string());
        }
        let target = y.place(2_f64.log10());
        self.line((LEFT, target), (RIGHT, target), TARGET);
        self.text(LEFT - 8.0, target + 4.0, "end", "2");
        for (number, (name, _)) in PERCENTILES.into_iter().enumerate() {
            self.text(x.place(count(number)), self.y + AREA + 16.0, "middle", name);
        }
        let place = |(number, (_, percentile)): (usize, (&str, f64)), of: &Latencies| {
            (x.place(count(number)), y.place(of.at(percentile).max(0.01).log10()))
        };
        let places = |of: &Latencies| PERCENTILES.into_iter().enumerate().map(|at| place(at, of)).collect();
        let lines: Vec<(String, Vec<(f64, f64)>)> = all.iter().map(|(name, of)| (name.clone(), places(of))).collect();
        self.lines(&lines);
    }

    /// Lines through places, and their names below.
    fn lines(&mut self, lines: &[(String, Vec<(f64, f64)>)]) {
        for (number, (name, places)) in lines.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let points: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            let _ = writeln!(
                self.body,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                points.join(" ")
            );
            let y = self.y + AREA + 38.0 + LEGEND * count(number);
            self.line((LEFT, y - 4.0), (LEFT + 16.0, y - 4.0), &format!("stroke=\"{colour}\" stroke-width=\"3\""));
            self.text(LEFT + 22.0, y, "start", name);
        }
        self.y += AREA + 38.0 + LEGEND * count(lines.len());
    }
}

const GRID: &str = "stroke=\"#cccccc\"";
const TARGET: &str = "stroke=\"#d00000\" stroke-dasharray=\"5 4\"";

fn count(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
