//! Formats under a general-purpose compressor that remembers earlier snapshots, as permessage-deflate
//! does in a WebSocket connection.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use zstd::stream::raw::{Decoder, Encoder, InBuffer, Operation, OutBuffer};

use crate::kit::format::Format;

/// A compressor and its decompressor.
pub(crate) trait Compressor {
    /// Appends `bytes` to `out` so that all of them can be read at once.
    fn compress(&mut self, bytes: &[u8], out: &mut Vec<u8>);

    /// Appends what was compressed to `bytes`.
    fn decompress(&mut self, bytes: &[u8], out: &mut Vec<u8>);
}

/// Another format's snapshots, compressed.
pub(crate) struct Compressed<'a, C> {
    inner: Box<dyn Format + 'a>,
    compressor: C,
    plain: Vec<u8>,
}

impl<'a, C: Compressor> Compressed<'a, C> {
    pub(crate) fn new(inner: Box<dyn Format + 'a>, compressor: C) -> Self {
        Self {
            inner,
            compressor,
            plain: Vec::new(),
        }
    }
}

impl<C: Compressor> Format for Compressed<'_, C> {
    fn prepare(&mut self, place: usize, tick: usize) {
        self.inner.prepare(place, tick);
    }

    fn encode(&mut self, place: usize, out: &mut Vec<u8>) {
        self.plain.clear();
        self.inner.encode(place, &mut self.plain);
        self.compressor.compress(&self.plain, out);
    }

    fn decode(&mut self, bytes: &[u8]) {
        self.plain.clear();
        self.compressor.decompress(bytes, &mut self.plain);
        self.inner.decode(&self.plain);
    }

    fn check(&mut self, tick: usize, bytes: &[u8]) {
        self.inner.check(tick, bytes);
    }
}

/// What a flush ends with, which permessage-deflate leaves out.
const FLUSH_TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// How much room to make for more output at a time.
const ROOM: usize = 16 * 1024;

/// Deflate at level 6, flushed after every snapshot.
pub(crate) struct Deflate {
    compress: Compress,
    decompress: Decompress,
    flushed: Vec<u8>,
}

impl Deflate {
    pub(crate) fn new() -> Self {
        Self {
            compress: Compress::new(Compression::new(6), false),
            decompress: Decompress::new(false),
            flushed: Vec::new(),
        }
    }
}

impl Compressor for Deflate {
    fn compress(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut rest = bytes;
        loop {
            out.reserve(ROOM.max(rest.len()));
            let before = self.compress.total_in();
            self.compress
                .compress_vec(rest, out, FlushCompress::Sync)
                .expect("compressing does not fail");
            rest = &rest[taken(before, self.compress.total_in())..];
            if rest.is_empty() && out.len() < out.capacity() {
                break;
            }
        }
        assert!(out.ends_with(&FLUSH_TAIL), "a flush ends as one");
        out.truncate(out.len() - FLUSH_TAIL.len());
    }

    fn decompress(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.flushed.clear();
        self.flushed.extend_from_slice(bytes);
        self.flushed.extend_from_slice(&FLUSH_TAIL);
        let mut rest = &self.flushed[..];
        loop {
            out.reserve(ROOM);
            let before = self.decompress.total_in();
            self.decompress
                .decompress_vec(rest, out, FlushDecompress::Sync)
                .expect("what was compressed can be read");
            rest = &rest[taken(before, self.decompress.total_in())..];
            if rest.is_empty() && out.len() < out.capacity() {
                break;
            }
        }
    }
}

fn taken(before: u64, after: u64) -> usize {
    usize::try_from(after - before).expect("no more than there was")
}

/// Zstandard at level 3, flushed after every snapshot.
pub(crate) struct Zstd {
    encoder: Encoder<'static>,
    decoder: Decoder<'static>,
    room: Vec<u8>,
}

impl Zstd {
    pub(crate) fn new() -> Self {
        Self {
            encoder: Encoder::new(3).expect("level 3 exists"),
            decoder: Decoder::new().expect("no dictionary is asked for"),
            room: vec![0; ROOM],
        }
    }
}

impl Compressor for Zstd {
    fn compress(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut input = InBuffer::around(bytes);
        let mut left = 1;
        while input.pos() < bytes.len() || left > 0 {
            let mut output = OutBuffer::around(&mut self.room[..]);
            if input.pos() < bytes.len() {
                self.encoder.run(&mut input, &mut output)
            } else {
                self.encoder.flush(&mut output).inspect(|&more| left = more)
            }
            .expect("compressing does not fail");
            out.extend_from_slice(output.as_slice());
        }
    }

    fn decompress(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut input = InBuffer::around(bytes);
        loop {
            let mut output = OutBuffer::around(&mut self.room[..]);
            self.decoder
                .run(&mut input, &mut output)
                .expect("what was compressed can be read");
            let written = output.pos();
            out.extend_from_slice(&self.room[..written]);
            if input.pos() == bytes.len() && written < self.room.len() {
                break;
            }
        }
    }
}
