//! Addresses and commands that are written down so that nobody reads them: base64, hexadecimal, single characters, backwards.

use super::words;

/// Longer texts are blobs, which other checks judge.
const LONGEST: usize = 8 * 1024;

/// Longer pieces say something on their own.
const LONGEST_PIECE: usize = 128;

/// The shortest text that is worth hiding: `http://` in base64 has ten characters.
const SHORTEST: usize = 8;

/// What a text decodes to, if that is an address, a program or a path of one.
pub(super) fn hidden(text: &str) -> Option<String> {
    if !(SHORTEST..=LONGEST).contains(&text.len()) {
        return None;
    }
    let bytes = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<_>>();
    if ["//:ptth", "//:sptth", "//:ptf", "//:ssw"].iter().any(|turned| text.contains(turned)) {
        return Some(text.chars().rev().collect());
    }
    let turned = bytes.iter().rev().copied().collect::<Vec<_>>();
    [&bytes, &turned].into_iter().find_map(|bytes| {
        let decoded = [base64(bytes), hexadecimal(bytes)];
        decoded.into_iter().flatten().find_map(|bytes| telling(&bytes))
    })
}

/// What pieces decode to when they are joined, from any of them on, before or after they are decoded.
pub(super) fn hidden_in_pieces(pieces: &[String]) -> Option<String> {
    (0..pieces.len()).find_map(|from| {
        let pieces = &pieces[from..];
        let decoded = pieces.iter().map_while(|piece| base64(piece.as_bytes())).collect::<Vec<_>>();
        let decoded = (decoded.len() > 1).then(|| decoded.concat());
        hidden(&pieces.concat()).or_else(|| telling(&decoded?))
    })
}

/// Whether a text can be a piece of an encoded one.
pub(super) fn may_be_piece(text: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
    (1..=LONGEST_PIECE).contains(&text.len()) && text.bytes().all(is_digit)
}

/// What single characters spell, if that is an address, a program or a path of one.
pub(super) fn spelled(bytes: &[u8]) -> Option<String> {
    telling(bytes)
}

/// Bytes as text, if they are an address, a program or a path of one.
fn telling(bytes: &[u8]) -> Option<String> {
    let is_printable = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t');
    if bytes.len() < 7 || bytes.len() > LONGEST || !bytes.iter().all(is_printable) {
        return None;
    }
    let text = String::from_utf8(bytes.to_vec()).ok()?;
    let lower = text.to_lowercase();
    let is_telling = lower.contains("://")
        || lower.contains("/bin/")
        || lower.contains(".exe")
        || lower.contains("powershell")
        || words::address(&text).is_some();
    is_telling.then_some(text)
}

/// Base64 with either alphabet, padded or not.
fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    if text.len() - end > 2 || end % 4 == 1 {
        return None;
    }
    let mut decoded = Vec::with_capacity(end * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for byte in &text[..end] {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(value)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push((bits >> count & 0xff) as u8);
        }
    }
    Some(decoded)
}

/// Pairs of hexadecimal digits, with or without a mark before them.
fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    if text.len() % 2 == 1 {
        return None;
    }
    text.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_found_however_it_is_written() {
        for text in [
            "aHR0cHM6Ly9ldmlsLmludmFsaWQvcGF5bG9hZA==",
            "aHR0cHM6Ly9ldmlsLmludmFsaWQvcGF5bG9hZA",
            "aHR0cHM6Ly9ldmls\n  LmludmFsaWQv",
            "68747470733a2f2f6576696c2e696e76616c6964",
            "0x68747470733A2F2F6576696C",
            "L2Jpbi9zaCAtYyBpZA==",
            "MTkyLjAuMi4xOjQ0NDQ=",
            "dilavni.live//:sptth",
            "==AZhlGbvI3bw9CZpxWY25WauwWa2V2Lvozcw",
        ] {
            // The last one is not a whole encoding: only its reversal decodes to something.
            let expected = !text.starts_with("==AZ");
            assert_eq!(hidden(text).is_some(), expected, "{text}");
        }
        let turned = "aHR0cHM6Ly9ldmlsLmludmFsaWQ".chars().rev().collect::<String>();
        assert_eq!(hidden(&turned).as_deref(), Some("https://evil.invalid"));
    }

    #[test]
    fn pieces_are_joined_before_or_after() {
        let pieces = |pieces: &[&str]| pieces.iter().map(|&piece| piece.to_owned()).collect::<Vec<_>>();
        let joined = pieces(&["first", "aHR0", "cHM6Ly9l", "dmlsLmludmFsaWQ"]);
        assert_eq!(hidden_in_pieces(&joined).as_deref(), Some("https://evil.invalid"));
        let each = pieces(&["aHR0cHM6", "Ly9ldmls", "LmludmFsaWQ="]);
        assert!(hidden_in_pieces(&each).is_some());
        let each = pieces(&["aHR0cA==", "Oi8v", "ZXZpbA=="]);
        assert_eq!(hidden_in_pieces(&each).as_deref(), Some("http://evil"));
    }

    #[test]
    fn what_only_looks_encoded_is_left_alone() {
        for text in [
            "x86_64-unknown-linux-gnu",
            "CARGO_CFG_TARGET_ARCH",
            "https://example.com",
            "cargo:rustc-link-lib=static=foo",
            "deadbeefdeadbeef",
            "abcdefghijklmnopqrstuvwxyz",
            "/bin/sh",
            "",
        ] {
            assert_eq!(hidden(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_decoded_or_not(text in ".{0,60}", pieces in proptest::collection::vec("[A-Za-z0-9+/=_-]{0,12}", 0..8)) {
            let _ = (hidden(&text), hidden_in_pieces(&pieces), spelled(text.as_bytes()));
        }
    }
}
