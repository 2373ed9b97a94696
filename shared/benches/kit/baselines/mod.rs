//! What people use instead of our streams, on the same rows and as well tuned as we know how.
//!
//! - `plain`: every snapshot whole, as plain structs in bincode
//! - `packed`: what changed, bit by bit
//! - `compressed`: any of them under a general-purpose compressor that remembers earlier snapshots

mod compressed;
mod packed;
mod plain;

use syncline_shared::snapshot::Frame;

use super::format::Format;
use super::trace::Trace;
use compressed::{Compressed, Deflate, Zstd};
use packed::{Packed, Values};

pub(crate) use plain::{Plain, numbered, plain};

/// A baseline's name, and what makes both of its ends.
pub(crate) type Baseline<'a> = (&'static str, Box<dyn Fn() -> Box<dyn Format + 'a> + 'a>);

/// The baselines for `frames` of `trace`, plainest first.
pub(crate) fn all<'a>(trace: &'a Trace, frames: &'a [Frame]) -> Vec<Baseline<'a>> {
    let plain = move || (trace.plain)(&trace.schema, frames);
    let packed = move |values| -> Box<dyn Format + 'a> {
        Box::new(Packed::new(&trace.schema, frames, values))
    };
    let differences = move || packed(Values::Differences);
    vec![
        ("bincode", Box::new(plain)),
        (
            "bincode + deflate",
            Box::new(move || Box::new(Compressed::new(plain(), Deflate::new()))),
        ),
        (
            "bincode + zstd",
            Box::new(move || Box::new(Compressed::new(plain(), Zstd::new()))),
        ),
        ("packed changes", Box::new(move || packed(Values::Raw))),
        ("packed differences", Box::new(differences)),
        (
            "packed differences + deflate",
            Box::new(move || Box::new(Compressed::new(differences(), Deflate::new()))),
        ),
        (
            "packed differences + zstd",
            Box::new(move || Box::new(Compressed::new(differences(), Zstd::new()))),
        ),
    ]
}
