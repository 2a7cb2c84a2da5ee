//! Well-known packages, written by hand: what a look-alike is most likely to aim at, and what is never taken for one.

/// Names of packages, sorted, each once. One that is missing only costs a warning: the age of a package is the gate.
#[rustfmt::skip]
pub const CORE: &[&str] = &[
    "adler2", "ahash", "aho-corasick", "allocator-api2", "android_system_properties", "anes", "ansi_term", "anstream",
    "anstyle", "anstyle-parse", "anstyle-query", "anyhow", "approx", "arbitrary", "arc-swap", "arrayref", "arrayvec",
    "askama", "assert_cmd", "async-channel", "async-io", "async-lock", "async-recursion", "async-std", "async-stream",
    "async-stream-impl", "async-task", "async-trait", "atomic-waker", "autocfg", "aws-config", "aws-lc-rs",
    "aws-lc-sys", "aws-sdk-s3", "aws-smithy-types", "axum", "axum-core", "backtrace", "base64", "base64ct",
    "bigdecimal", "bincode", "bindgen", "bit-set", "bit-vec", "bitflags", "bitvec", "blake2", "blake3",
    "block-buffer", "bstr", "bumpalo", "bytecheck", "bytecount", "bytemuck", "byteorder", "bytes", "bytesize",
    "camino", "cargo-platform", "cargo_metadata", "cast", "cc", "cfg-expr", "cfg-if", "chacha20", "chacha20poly1305",
    "chrono", "chrono-tz", "cipher", "clap", "clap_builder", "clap_complete", "clap_derive", "clap_lex", "cmake",
    "color-eyre", "colorchoice", "colored", "comrak", "concurrent-queue", "console", "constant_time_eq",
    "convert_case", "cookie", "core-foundation", "core-foundation-sys", "cpufeatures", "crc", "crc32fast",
    "criterion", "crossbeam", "crossbeam-channel", "crossbeam-deque", "crossbeam-epoch", "crossbeam-queue",
    "crossbeam-utils", "crossterm", "crypto-common", "csv", "csv-core", "ctor", "ctrlc", "curve25519-dalek",
    "darling", "darling_core", "darling_macro", "dashmap", "data-encoding", "deadpool", "der", "deranged",
    "derive_builder", "derive_more", "diesel", "diff", "difflib", "digest", "dirs", "dirs-sys", "displaydoc",
    "dotenvy", "downcast-rs", "dtoa", "dyn-clone", "ecdsa", "ed25519", "ed25519-dalek", "either", "elliptic-curve",
    "encode_unicode", "encoding_rs", "enum-map", "env_filter", "env_logger", "envy", "equivalent", "errno", "ethers",
    "event-listener", "eyre", "fallible-iterator", "fancy-regex", "fast_log", "fastrand", "fern", "filetime",
    "fixedbitset", "flate2", "float-cmp", "flume", "fnv", "foreign-types", "form_urlencoded", "fs-err", "fs2",
    "fs_extra", "futures", "futures-channel", "futures-core", "futures-executor", "futures-io", "futures-macro",
    "futures-sink", "futures-task", "futures-timer", "futures-util", "generic-array", "getopts", "getrandom", "ghash",
    "gimli", "git2", "glob", "globset", "gloo-timers", "group", "h2", "h3", "half", "handlebars", "hashbrown",
    "hashlink", "headers", "heapless", "heck", "hex", "hkdf", "hmac", "home", "hostname", "http", "http-body",
    "http-body-util", "httparse", "httpdate", "human-panic", "humantime", "hyper", "hyper-rustls", "hyper-tls",
    "hyper-util", "iana-time-zone", "ident_case", "idna", "ignore", "image", "indexmap", "indicatif", "indoc",
    "inout", "insta", "instant", "inventory", "ipnet", "iri-string", "is-terminal", "itertools", "itoa", "jiff",
    "jobserver", "js-sys", "json", "jsonwebtoken", "k256", "keccak", "lazy_static", "lazycell", "lexical-core",
    "libc", "libgit2-sys", "libloading", "libm", "libz-sys", "linked-hash-map", "linux-raw-sys", "litemap",
    "lock_api", "log", "lru", "lz4", "lz4_flex", "matchers", "matchit", "maybe-uninit", "md-5", "memchr", "memmap2",
    "memoffset", "mime", "mime_guess", "minimal-lexical", "miniz_oxide", "mio", "mockall", "multer", "nalgebra",
    "native-tls", "ndarray", "nix", "nom", "nu-ansi-term", "num", "num-bigint", "num-complex", "num-conv",
    "num-derive", "num-integer", "num-iter", "num-rational", "num-traits", "num_cpus", "num_enum", "num_threads",
    "object", "oid-registry", "once_cell", "opaque-debug", "openssl", "openssl-probe", "openssl-sys", "opentelemetry",
    "ordered-float", "os_str_bytes", "owo-colors", "p256", "parking", "parking_lot", "parking_lot_core", "paste",
    "pathdiff", "pbkdf2", "pem", "percent-encoding", "pest", "pest_derive", "petgraph", "phf", "phf_codegen",
    "phf_shared", "pin-project", "pin-project-internal", "pin-project-lite", "pin-utils", "pkcs8", "pkg-config",
    "plotters", "polling", "poly1305", "portable-atomic", "postgres", "postgres-types", "powerfmt", "ppv-lite86",
    "predicates", "pretty_assertions", "prettyplease", "proc-macro-crate", "proc-macro-error", "proc-macro-hack",
    "proc-macro2", "prometheus", "proptest", "prost", "prost-build", "prost-derive", "prost-types", "protobuf",
    "pulldown-cmark", "quick-error", "quick-xml", "quickcheck", "quinn", "quote", "r2d2", "radium", "rand",
    "rand_chacha", "rand_core", "rand_distr", "rayon", "rayon-core", "rcgen", "redis", "regex", "regex-automata",
    "regex-lite", "regex-syntax", "reqwest", "rfc6979", "ring", "rkyv", "rocket", "ron", "rsa", "rstest", "rusqlite",
    "rust_decimal", "rustc-demangle", "rustc-hash", "rustc_version", "rustix", "rustls", "rustls-native-certs",
    "rustls-pemfile", "rustls-pki-types", "rustls-webpki", "rustversion", "rusty-fork", "ruzstd", "ryu", "salsa20",
    "same-file", "scheduled-thread-pool", "schemars", "scoped-tls", "scopeguard", "scrypt", "sct", "sea-orm", "sec1",
    "secrecy", "security-framework", "semver", "sentry", "serde", "serde_core", "serde_derive", "serde_json",
    "serde_path_to_error", "serde_repr", "serde_spanned", "serde_urlencoded", "serde_with", "serde_yaml",
    "serial_test", "sha-1", "sha1", "sha2", "sha3", "sharded-slab", "shell-words", "shlex", "signal-hook",
    "signal-hook-registry", "signature", "simd-adler32", "simdutf8", "similar", "siphasher", "slab", "slog",
    "smallvec", "smol", "snafu", "snap", "socket2", "solana-sdk", "spin", "spki", "sqlx", "sqlx-core",
    "stable_deref_trait", "static_assertions", "string_cache", "strsim", "structopt", "strum", "strum_macros",
    "subtle", "syn", "sync_wrapper", "synstructure", "sysinfo", "system-configuration", "tap", "tar",
    "target-lexicon", "tauri", "tempfile", "tera", "termcolor", "terminal_size", "test-case", "textwrap", "thiserror",
    "thiserror-impl", "thread_local", "time", "time-core", "time-macros", "tiny-keccak", "tinyvec", "tokio",
    "tokio-macros", "tokio-native-tls", "tokio-postgres", "tokio-rustls", "tokio-stream", "tokio-tungstenite",
    "tokio-util", "toml", "toml_datetime", "toml_edit", "tonic", "tonic-build", "tower", "tower-http", "tower-layer",
    "tower-service", "tracing", "tracing-attributes", "tracing-core", "tracing-futures", "tracing-log",
    "tracing-subscriber", "try-lock", "trybuild", "tungstenite", "typenum", "unicode-bidi", "unicode-ident",
    "unicode-normalization", "unicode-segmentation", "unicode-width", "unicode-xid", "untrusted", "url", "utf8parse",
    "uuid", "valuable", "vcpkg", "version_check", "wait-timeout", "walkdir", "want", "warp", "wasm-bindgen",
    "wasm-bindgen-futures", "wasm-bindgen-macro", "wasmtime", "web-sys", "web-time", "webpki", "webpki-roots",
    "which", "winapi", "windows", "windows-core", "windows-sys", "windows-targets", "winnow", "winreg", "wiremock",
    "writeable", "x25519-dalek", "x509-parser", "xattr", "xml-rs", "yaml-rust", "yansi", "zerocopy",
    "zerocopy-derive", "zeroize", "zeroize_derive", "zerovec", "zip", "zstd", "zstd-safe", "zstd-sys",
];

#[cfg(test)]
mod tests {
    use provenance_build::PackageName;

    use super::*;

    #[test]
    fn the_names_are_sorted_unique_and_names() {
        assert!(CORE.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(CORE.iter().all(|name| PackageName::parse(name).is_some()));
        assert!(CORE.len() > 300, "{}", CORE.len());
    }
}
