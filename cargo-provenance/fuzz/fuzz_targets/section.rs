//! Compiled files and their sections: the bytes as a file of any format, and as the text of either section.
#![no_main]

use std::io::Write;

use cargo_provenance::artifact::{LIST, PINS, read};
use libfuzzer_sys::fuzz_target;

/// A WebAssembly module with a section: the format in which what is read most simply gets where it is read.
fn module(name: &str, text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).expect("memory");
    let data = encoder.finish().expect("memory");
    let size = 1 + name.len() + data.len();
    let mut section = vec![0];
    section.extend([0, 7, 14, 21, 28].map(|shift| (size >> shift & 0x7f) as u8 | if shift == 28 { 0 } else { 0x80 }));
    section.push(name.len() as u8);
    section.extend(name.bytes().chain(data));
    section
}

fuzz_target!(|bytes: &[u8]| {
    let _ = read(bytes);
    let (first, second) = bytes.split_at(bytes.iter().position(|byte| *byte == 0xff).unwrap_or(bytes.len()));
    let _ = read(&[&b"\0asm\x01\0\0\0"[..], &module(LIST, first), &module(PINS, second)].concat());
});
