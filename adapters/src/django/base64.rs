//! Base64 as Django reads it: the alphabet for URLs, by a decoder that passes over what is not in it.

/// `urlsafe_base64_decode`: `None` if it ends within a byte. The padding is added by the length in bytes; `+` and `/` are
/// read as well as `-` and `_`, and nothing is read behind complete padding.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let padding = text.len() % 4;
    let (mut bytes, mut left, mut place, mut pads) = (Vec::with_capacity(text.len()), 0_u8, 0_u8, 0_u8);
    for byte in text.bytes().chain(std::iter::repeat_n(b'=', padding)) {
        if byte == b'=' {
            if place >= 2 {
                pads += 1;
                if place + pads >= 4 {
                    return Some(bytes);
                }
            }
            continue;
        }
        let Some(value) = value(byte) else { continue };
        pads = 0;
        match place {
            0 => {}
            1 => bytes.push(left << 2 | value >> 4),
            2 => bytes.push(left << 4 | value >> 2),
            _ => bytes.push(left << 6 | value),
        }
        left = match place {
            0 => value,
            1 => value & 0xf,
            2 => value & 0x3,
            _ => 0,
        };
        place = (place + 1) % 4;
    }
    (place == 0).then_some(bytes)
}

fn value(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_decodes_is_decoded() {
        for text in
            ["MQ", "MQ=", "MQ==", "MQ===", "MQ====", "\tMQ", "M Q", "M=Q", "=MQ", "M.Q", "MR", "MQ\n", "MQ==MQ=="]
        {
            assert_eq!(decode(text).as_deref(), Some(b"1".as_slice()), "{text:?}");
        }
        assert_eq!(decode("-_-_"), decode("+/+/"));
        assert_eq!(decode(""), Some(Vec::new()));
        for text in ["M", " MQ ", "MéQ", "M٠Q", "MQ=M"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
