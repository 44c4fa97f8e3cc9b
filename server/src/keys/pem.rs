//! The file of the keys that sign JSON Web Tokens: PEM blocks as openssl writes them, the newest first, each with what is
//! known of it in comments before it.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, SecondsFormat, Utc};
use countersign_core::{
    env::Random,
    model::Timestamp,
    strategy::{JwtAlgorithm, JwtKey},
};

use super::file::{self, KeyError};

const HEAD: &str = "\
# The keys that sign the JSON Web Tokens of this Countersign server, the newest first. Show them to nobody.
";
/// What stands before a key: when it begins to sign, and when it ceases to check.
const SIGNS_FROM: &str = "# signs from ";
const CHECKS_UNTIL: &str = "# checks until ";
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";
/// Characters a line (RFC 7468, section 2).
const WIDTH: usize = 64;
const EXPECTED: &str = "a key is a block of PEM, PRIVATE KEY (PKCS #8, such as `openssl genpkey` writes) or PUBLIC KEY, of \
    RSA (2048 to 8192 bits), P-256 or Ed25519; before it may stand `# signs from` or `# checks until` with a moment";

/// A block, with the comments before it.
struct Block {
    /// Everything as it stands in the file.
    lines: Vec<String>,
    key: JwtKey,
}

/// The keys of the file, which is made if there is none. Those of another algorithm than `signing` only check. If none
/// is of that algorithm, a new one is added, and the others retire.
pub fn keys(path: &Path, signing: JwtAlgorithm, random: &dyn Random, now: Timestamp) -> Result<Vec<JwtKey>, KeyError> {
    if !path.exists() {
        let text = format!("{HEAD}{}", new_block(signing, None)?);
        file::create(path, &text, random)?;
    }
    let mut blocks = parse(path, &file::read(path)?)?;
    let signs = |block: &Block| block.key.algorithm() == signing && block.key.signs();
    if !blocks.iter().any(signs) {
        add_unless(path, signing, now, random, |blocks| blocks.iter().any(signs))?;
        blocks = parse(path, &file::read(path)?)?;
    }
    let role = |Block { key, .. }: Block| {
        let until = key.until();
        if key.algorithm() == signing { key } else { key.checking_until(until) }
    };
    Ok(blocks.into_iter().map(role).collect())
}

/// Puts a new key before the others, which signs from then on, and takes away those that are `over`; returns its `kid`.
pub fn add(
    path: &Path,
    signing: JwtAlgorithm,
    from: Timestamp,
    over: &[String],
    random: &dyn Random,
) -> Result<String, KeyError> {
    let block = new_block(signing, Some(from))?;
    file::exchange(path, random, |text| {
        let kept = parse(path, text)?.into_iter().filter(|block| {
            let is = |kid: &String| block.key.kid() == Some(kid);
            !over.iter().any(is)
        });
        let kept: Vec<String> = kept.map(|block| block.lines.join("\n") + "\n").collect();
        let new = parse(path, &block)?;
        let kid = new.first().and_then(|block| block.key.kid()).unwrap_or_default().to_owned();
        Ok((format!("{HEAD}{block}{}", kept.concat()), kid))
    })
}

/// [`add`], unless somebody else just did.
fn add_unless(
    path: &Path,
    signing: JwtAlgorithm,
    from: Timestamp,
    random: &dyn Random,
    done: impl FnOnce(&[Block]) -> bool,
) -> Result<(), KeyError> {
    let block = new_block(signing, Some(from))?;
    file::exchange(path, random, |text| {
        let is_done = done(&parse(path, text)?);
        let body = text.strip_prefix(HEAD).unwrap_or(text);
        Ok((if is_done { text.to_owned() } else { format!("{HEAD}{block}{body}") }, ()))
    })
}

/// A moment as the files have it.
pub fn moment(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn new_block(algorithm: JwtAlgorithm, from: Option<Timestamp>) -> Result<String, KeyError> {
    let der = JwtKey::generate(algorithm).ok_or(KeyError::Generate(algorithm))?;
    let encoded = BASE64.encode(der.as_slice());
    let lines: Vec<&str> = encoded.as_bytes().chunks(WIDTH).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    let from = from.map(|from| format!("{SIGNS_FROM}{}\n", moment(from))).unwrap_or_default();
    Ok(format!("{from}{BEGIN}PRIVATE KEY{DASHES}\n{}\n{END}PRIVATE KEY{DASHES}\n", lines.join("\n")))
}

fn parse(path: &Path, text: &str) -> Result<Vec<Block>, KeyError> {
    let damaged = |line| KeyError::Damaged { path: path.to_owned(), line, expected: EXPECTED };
    let mut blocks = Vec::new();
    let (mut before, mut from, mut until) = (Vec::new(), None, None);
    let mut lines = text.strip_prefix(HEAD).unwrap_or(text).lines().zip(1..);
    let skipped = text.lines().count() - lines.clone().count();
    while let Some((line, number)) = lines.next() {
        let number: usize = number + skipped;
        before.push(line.to_owned());
        if let Some(at) = line.strip_prefix(SIGNS_FROM) {
            from = Some(read_moment(at).ok_or_else(|| damaged(number))?);
        } else if let Some(at) = line.strip_prefix(CHECKS_UNTIL) {
            until = Some(read_moment(at).ok_or_else(|| damaged(number))?);
        } else if let Some(label) = line.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(DASHES)) {
            let end = format!("{END}{label}{DASHES}");
            let mut encoded = String::new();
            loop {
                let (line, _) = lines.next().ok_or_else(|| damaged(number))?;
                before.push(line.to_owned());
                if line.trim() == end {
                    break;
                }
                encoded.push_str(line.trim());
            }
            let der = BASE64.decode(encoded).map_err(|_| damaged(number))?;
            let key = match label {
                "PRIVATE KEY" => JwtKey::private(&der),
                "PUBLIC KEY" => JwtKey::public(&der),
                _ => return Err(damaged(number)),
            };
            let key = key.map_err(|_| damaged(number))?.signing_from(from.take());
            let key = if until.is_some() { key.checking_until(until.take()) } else { key };
            blocks.push(Block { lines: std::mem::take(&mut before), key });
        } else if !line.starts_with('#') && !line.trim().is_empty() {
            return Err(damaged(number));
        }
    }
    if blocks.is_empty() { Err(damaged(0)) } else { Ok(blocks) }
}

fn read_moment(text: &str) -> Option<Timestamp> {
    Some(DateTime::parse_from_rfc3339(text.trim()).ok()?.with_timezone(&Utc))
}

/// The next whole second.
pub fn whole(at: Timestamp) -> Timestamp {
    let up = i64::from(at.timestamp_subsec_nanos() > 0);
    DateTime::from_timestamp(at.timestamp() + up, 0).unwrap_or(at)
}
