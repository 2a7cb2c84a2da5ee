//! What gpg says of an OpenPGP signature, on its status lines (GnuPG `doc/DETAILS`), as `git verify-commit --raw` hands them on.

/// What another program says of a signature that is not judged here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It does not hold, and why.
    Bad(&'static str),
    /// It holds, and its key is over: why.
    Expired(&'static str),
    /// It holds: the fingerprints of the key and of the primary key that it belongs to, for OpenPGP.
    Good(Vec<String>),
    /// Nobody here has the key; its fingerprint, where the signature names it.
    NoKey(Option<String>),
}

/// Hashes that collisions can be computed for (RFC 9580 §9.5: MD5, SHA-1, RIPEMD-160).
const WEAK_HASHES: [&str; 3] = ["1", "2", "3"];

/// Reads the status lines of one verification. Anything that is not said clearly, and once, is no answer.
pub fn read_status(text: &str) -> Option<Answer> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("[GNUPG:] "));
    let lines = lines.map(|line| line.split(' ').collect::<Vec<_>>());
    let (mut verdicts, mut valid, mut signatures) = (vec![], vec![], 0);
    for words in lines {
        match words[0] {
            "NEWSIG" => signatures += 1,
            "GOODSIG" | "BADSIG" | "ERRSIG" | "EXPSIG" | "EXPKEYSIG" | "REVKEYSIG" => verdicts.push(words),
            "VALIDSIG" => valid.push(words),
            _ => {}
        }
    }
    if signatures > 1 {
        return Some(Answer::Bad("it holds several signatures"));
    }
    let [verdict] = &verdicts[..] else { return None };
    match verdict[0] {
        "BADSIG" => Some(Answer::Bad("it does not belong to these bytes")),
        "EXPSIG" => Some(Answer::Expired("the signature itself has ended")),
        "EXPKEYSIG" => Some(Answer::Expired("the key has ended")),
        "REVKEYSIG" => Some(Answer::Expired("the key was revoked")),
        // `ERRSIG keyid pkalgo hashalgo class time rc fingerprint`; 9 is a missing key.
        "ERRSIG" if verdict.get(6) == Some(&"9") => {
            Some(Answer::NoKey(verdict.get(7).and_then(|text| fingerprint(text))))
        }
        "GOODSIG" => {
            let [valid] = &valid[..] else { return None };
            let (hash, class) = (valid.get(8)?, valid.get(9)?);
            if WEAK_HASHES.contains(hash) {
                return Some(Answer::Bad("it is over a hash that can be forged"));
            }
            if !matches!(*class, "00" | "01") {
                return Some(Answer::Bad("it is no signature of a document"));
            }
            let primary = valid.get(10).map_or(Some(None), |text| fingerprint(text).map(Some))?;
            Some(Answer::Good([Some(fingerprint(valid.get(1)?)?), primary].into_iter().flatten().collect()))
        }
        _ => None,
    }
}

fn fingerprint(text: &str) -> Option<String> {
    let is_hex = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| text.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const A: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const B: &str = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";

    fn status(lines: &str) -> Option<Answer> {
        let text = lines.lines().map(|line| format!("[GNUPG:] {line}\n")).collect::<String>();
        read_status(&text)
    }

    #[test]
    fn a_clear_answer_is_understood() {
        let valid = format!("VALIDSIG {A} 2026-01-01 1700000000 0 4 0 22 8 00 {B}");
        assert_eq!(
            status(&format!(
                "NEWSIG\nKEY_CONSIDERED {A} 0\nGOODSIG AAAA A <a@x>\n{valid}\nTRUST_UNDEFINED 0 pgp"
            )),
            Some(Answer::Good(vec![A.to_owned(), B.to_owned()]))
        );
        for verdict in ["EXPKEYSIG", "EXPSIG", "REVKEYSIG"] {
            let text = format!("NEWSIG\n{verdict} AAAA A\n{valid}");
            assert!(matches!(status(&text), Some(Answer::Expired(_))), "{verdict}");
        }
        assert!(matches!(status("NEWSIG\nBADSIG AAAA A"), Some(Answer::Bad(_))));
        assert_eq!(
            status(&format!("NEWSIG\nERRSIG AAAA 22 8 00 1700000000 9 {A}\nNO_PUBKEY AAAA")),
            Some(Answer::NoKey(Some(A.to_owned())))
        );
        let weak = valid.replace(" 22 8 00", " 22 2 00");
        assert!(matches!(status(&format!("GOODSIG AAAA A\n{weak}")), Some(Answer::Bad(_))));
    }

    #[test]
    fn an_answer_that_is_not_clear_is_none() {
        let valid = format!("VALIDSIG {A} 2026-01-01 1700000000 0 4 0 22 8 00 {B}");
        for lines in [
            String::new(),
            "GOODSIG AAAA A".to_owned(),
            valid.clone(),
            format!("GOODSIG AAAA A\n{valid}\n{valid}"),
            format!("GOODSIG AAAA A\nGOODSIG BBBB B\n{valid}"),
            format!("GOODSIG AAAA A\nBADSIG BBBB B\n{valid}"),
            "GOODSIG AAAA A\nVALIDSIG short".to_owned(),
            "ERRSIG AAAA 22 8 00 1700000000 4".to_owned(),
        ] {
            assert_eq!(status(&lines), None, "{lines}");
        }
        let two = format!("NEWSIG\nNEWSIG\nGOODSIG AAAA A\n{valid}");
        assert!(matches!(status(&two), Some(Answer::Bad(_))));
        // What is not a status line says nothing.
        assert_eq!(read_status(&format!("GOODSIG AAAA A\n{valid}\n")), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "(\\[GNUPG:\\] (GOODSIG|VALIDSIG|ERRSIG|NEWSIG)?[ A-F0-9]{0,60}\n){0,5}") {
            let _ = read_status(&text);
        }
    }
}
