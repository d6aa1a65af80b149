//! Takes what the documentation page needs out of Swagger UI's archive.
//!
//! The archive's own compressed bytes become gzip files by a header and a trailer around them, so nothing is decompressed here and
//! nothing is compressed at run time: the page is served as it lies in the executable, in less than a third of its size.

use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED;
use zip::ZipArchive;

/// Path behind the archive's one folder, and what it is called from here on.
const WANTED: [(&str, &str); 4] = [
    ("dist/swagger-ui-bundle.js", "swagger-ui.js.gz"),
    ("dist/swagger-ui.css", "swagger-ui.css.gz"),
    ("LICENSE", "swagger-ui.license.gz"),
    ("NOTICE", "swagger-ui.notice.gz"),
];

/// Compression of the archive's entries that gzip shares (APPNOTE 4.4.5: deflate).
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo names a folder"));
    let mut archive = ZipArchive::new(Cursor::new(SWAGGER_UI_VENDORED)).expect("the crate holds an archive");
    for (path, name) in WANTED {
        let entry = (0..archive.len())
            .find(|&index| is_at(&mut archive, index, path))
            .unwrap_or_else(|| panic!("Swagger UI has no {path} any more"));
        write(&mut archive, entry, &out.join(name));
    }
}

fn is_at(archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize, path: &str) -> bool {
    let entry = archive.by_index_raw(index).expect("it is listed");
    let name = entry.name().expect("its name is text");
    name.split_once('/').is_some_and(|(_, below)| below == path)
}

fn write(archive: &mut ZipArchive<Cursor<&[u8]>>, entry: usize, to: &Path) {
    let mut entry = archive.by_index_raw(entry).expect("it was listed");
    let size = u32::try_from(entry.size()).expect("less than 4 GiB");
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).expect("it lies in memory");
    let mut gzip = GZIP_HEAD.to_vec();
    // What is too short to be compressed is stored, which deflate has a block for (RFC 1951, 3.2.4).
    if entry.compressed_size() == entry.size() {
        let length = u16::try_from(size).expect("whatever is longer is compressed");
        gzip.push(1);
        gzip.extend(length.to_le_bytes());
        gzip.extend((!length).to_le_bytes());
    }
    gzip.extend(bytes);
    gzip.extend(entry.crc32().to_le_bytes());
    gzip.extend(size.to_le_bytes());
    fs::write(to, gzip).expect("cargo's folder can be written to");
}
