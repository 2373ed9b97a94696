//! The report as one page that needs nothing else: plots of the run, second by second, and the table.
//!
//! The only file that knows the plotting library.

use std::fmt::Write as _;
use std::io;

use plotters::prelude::{
    ChartBuilder, Color as _, IntoDrawingArea as _, IntoFont as _, LineSeries, PathElement,
    RGBColor, SVGBackend, SeriesLabelPosition, WHITE,
};
use plotters::style::BLACK;

use crate::report::Report;
use crate::timeline::Second;

/// The size of a plot, in pixels.
const PLOT: (u32, u32) = (640, 280);

/// What lines are drawn in, one after the other: told apart by the colour-blind too.
const COLOURS: [RGBColor; 3] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
];

const STYLE: &str = "body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; \
    max-width: 1320px; padding: 0 1em; color: #222; background: #fff }\n\
    .plots { display: flex; flex-wrap: wrap; gap: 1em }\n\
    svg { max-width: 100%; height: auto }\n\
    table { border-collapse: collapse }\n\
    td { border-bottom: 1px solid #ddd; padding: .2em 1em .2em 0; white-space: pre-line; \
    vertical-align: top }\n";

/// A line of a plot: its name, and its value in a second.
type Line = (&'static str, fn(&Second) -> f64);

/// A plot: its title, what it counts in, and its lines.
type Plot = (&'static str, &'static str, &'static [Line]);

const PLOTS: [Plot; 8] = [
    (
        "Snapshots that came",
        "per client and second",
        &[("snapshots", |second| second.snapshots_per_client)],
    ),
    (
        "From stamping an input to seeing that it was applied",
        "ms",
        &[
            ("p50", |second| second.input_to_visible_ms.p50),
            ("p90", |second| second.input_to_visible_ms.p90),
            ("p99", |second| second.input_to_visible_ms.p99),
        ],
    ),
    (
        "How old frames are when they come",
        "ms",
        &[
            ("p50", |second| second.frame_age_ms.p50),
            ("p99", |second| second.frame_age_ms.p99),
            ("max", |second| second.frame_age_ms.max),
        ],
    ),
    (
        "Bytes of a snapshot",
        "bytes",
        &[("bytes", |second| second.bytes_per_snapshot)],
    ),
    (
        "Messages",
        "per client and second",
        &[
            ("received", |second| second.messages_per_client),
            ("sent", |second| second.messages_sent_per_client),
            ("input frames", |second| second.input_frames_per_client),
        ],
    ),
    (
        "Bytes received",
        "per client and second",
        &[("bytes", |second| second.bytes_per_client)],
    ),
    (
        "Clients in rooms",
        "clients",
        &[("clients", |second| f64::from(second.clients))],
    ),
    (
        "Connections that ended",
        "in the second",
        &[("closes", |second| f64::from(second.closes))],
    ),
];

/// The whole page.
///
/// # Errors
///
/// Whatever the plotting library finds wrong.
pub fn page(title: &str, report: &Report) -> io::Result<String> {
    let mut plots = String::new();
    for plot in &PLOTS {
        plots.push_str(&drawn(plot, &report.seconds)?);
    }
    let mut rows = String::new();
    for (name, value) in report.rows() {
        let (name, value) = (escaped(&name), escaped(&value));
        let _ = writeln!(rows, "<tr><td>{name}</td><td>{value}</td></tr>");
    }
    let mut failures = String::new();
    for failure in report.failures() {
        let failure = escaped(&failure);
        let _ = writeln!(failures, "<p><strong>{failure}</strong></p>");
    }
    let title = escaped(title);
    Ok(format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         {failures}<div class=\"plots\">\n{plots}</div>\n<table>\n{rows}</table>\n</body>\n</html>\n"
    ))
}

/// One plot as an element of the page.
fn drawn(plot: &Plot, seconds: &[Second]) -> io::Result<String> {
    let mut svg = String::new();
    draw(plot, seconds, &mut svg).map_err(|error| io::Error::other(error.to_string()))?;
    // A page knows what an svg element is; the name of its namespace looks like an address.
    Ok(svg.replace(" xmlns=\"http://www.w3.org/2000/svg\"", ""))
}

fn draw(
    (title, unit, lines): &Plot,
    seconds: &[Second],
    svg: &mut String,
) -> Result<(), Box<dyn core::error::Error>> {
    let values = |of: fn(&Second) -> f64| seconds.iter().map(move |second| (second.at, of(second)));
    let highest = lines.iter().flat_map(|&(_, of)| values(of));
    let highest = highest.map(|(_, value)| value).fold(0.0, f64::max);
    let end = seconds.last().map_or(1.0, |second| second.at);
    let area = SVGBackend::with_string(svg, PLOT).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, ("sans-serif", 15).into_font())
        .margin(8)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..end, 0.0..(highest * 1.15).max(1.0))?;
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .x_desc("seconds")
        .y_desc(*unit)
        .draw()?;
    for (&(name, of), colour) in lines.iter().zip(COLOURS) {
        let line = LineSeries::new(values(of), colour.stroke_width(2));
        let key = move |(x, y)| PathElement::new(vec![(x, y), (x + 14, y)], colour);
        chart.draw_series(line)?.label(name).legend(key);
    }
    if lines.len() > 1 {
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.2))
            .draw()?;
    }
    area.present()?;
    Ok(())
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::Percentiles;

    fn report(seconds: u32) -> Report {
        let second = |n: u32| Second {
            at: f64::from(n),
            clients: n,
            snapshots_per_client: 30.0,
            input_to_visible_ms: Percentiles {
                p50: 40.0,
                p90: 50.0,
                p99: 80.0,
                max: 90.0,
            },
            ..Second::default()
        };
        Report {
            first_close: Some("<script> & worse".to_owned()),
            disconnects: 1,
            seconds: (1..=seconds).map(second).collect(),
            ..Report::default()
        }
    }

    #[test]
    fn the_page_can_be_read_and_needs_nothing_else() {
        for seconds in [0, 1, 60] {
            let page = page("200 bots & more", &report(seconds)).unwrap();
            let options = roxmltree::ParsingOptions {
                allow_dtd: true,
                ..roxmltree::ParsingOptions::default()
            };
            let document = roxmltree::Document::parse_with_options(&page, options).unwrap();
            let elements = |name: &str| {
                let all = document.descendants();
                all.filter(|node| node.has_tag_name(name)).count()
            };
            assert_eq!(elements("svg"), PLOTS.len());
            assert!(elements("tr") > 10 && elements("polyline") > 0);
            for address in ["http:", "https:", "src=", "href=", "url(", "<script"] {
                assert!(!page.contains(address), "{address}");
            }
        }
    }

    #[test]
    fn each_line_goes_through_every_second() {
        let (_, _, lines) = PLOTS[1];
        let svg = drawn(&PLOTS[1], &report(60).seconds).unwrap();
        let long = svg.split("<polyline").filter(|line| {
            line.split_whitespace()
                .filter(|word| word.contains(','))
                .count()
                >= 60
        });
        assert_eq!(long.count(), lines.len());
    }
}
