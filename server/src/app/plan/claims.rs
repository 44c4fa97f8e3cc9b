//! Which mount claims which operation: actix serves the first of two that claim one, and says nothing.

use countersign_adapters::settings::Problem;

use super::{super::paths::is_below, Plan, Planned, problem};

/// What the server serves itself, and everything below: it is asked before any mount, whatever the method.
const OWN: [&str; 7] =
    ["/.well-known/jwks.json", "/docs", "/health", "/introspect", "/openapi", "/openapi.json", "/verify"];

/// An operation of a mount.
struct Claim<'a> {
    mount: &'a Planned,
    method: &'static str,
    path: &'a str,
}

/// Operations that a mount would never be asked for: the server has them, another mount has them, or the whole path
/// belongs to another mount's prefix.
pub(super) fn problems<'a>(plan: &'a Plan) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut claimed: Vec<Claim> = Vec::new();
    for mount in &plan.list {
        let of_path = |(path, methods): (&'a String, &'a Vec<&'static str>)| {
            methods.iter().map(move |method| Claim { mount, method, path })
        };
        let claims: Vec<Claim> = mount.methods.iter().flat_map(of_path).collect();
        for claim in &claims {
            if let Some(message) = refused(claim, &claimed, plan) {
                found.push(problem(mount.number, "prefix", &mount.prefix, message));
            }
        }
        claimed.extend(claims);
    }
    found
}

/// Why nobody would ask this mount.
fn refused(claim: &Claim, claimed: &[Claim], plan: &Plan) -> Option<String> {
    let Claim { mount, method, path } = claim;
    let name = mount.dialect.name;
    if let Some(own) = OWN.iter().find(|own| is_below(own, path)) {
        return Some(format!("would put {method} {path} of {name} where the server has {own}; give it another prefix"));
    }
    let same = |other: &&Claim| other.method == *method && overlap(other.path, path);
    if let Some(first) = claimed.iter().find(same) {
        let one = first.mount.dialect.name;
        return Some(format!("{one} and {name} both claim {method} {path}; give one of them another prefix"));
    }
    // Of two prefixes that a path begins with, actix asks the mounts of the longer one alone; unprefixed mounts are
    // asked before all others.
    let longer = |other: &&Planned| other.prefix.len() > mount.prefix.len() && is_below(&other.prefix, path);
    let hiding = plan.list.iter().find(longer).filter(|_| !mount.prefix.is_empty())?;
    let (other, prefix) = (hiding.dialect.name, &hiding.prefix);
    Some(format!("would hide {method} {path} of {name} behind {other} at {prefix}; give one of them another prefix"))
}

/// Is there a path that both patterns fit? A part in braces fits every part.
fn overlap(one: &str, other: &str) -> bool {
    let (one, other): (Vec<_>, Vec<_>) = (one.split('/').collect(), other.split('/').collect());
    let any = |part: &str| part.starts_with('{');
    let fits = |(one, other): (&&str, &&str)| {
        one == other || (!one.is_empty() && any(other)) || (!other.is_empty() && any(one))
    };
    one.len() == other.len() && one.iter().zip(&other).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{MountSettings, Settings};

    fn told(mounts: &[(&str, &str)]) -> Vec<String> {
        let mount = |((adapter, prefix), number): (&(&str, &str), usize)| MountSettings {
            prefix: Some((*prefix).to_owned()),
            ..MountSettings::of(adapter, number)
        };
        let settings = Settings { mounts: mounts.iter().zip(1..).map(mount).collect(), ..Settings::default() };
        Plan::examine(&settings).1.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn patterns_overlap_when_one_path_fits_both() {
        for (one, other, expected) in [
            ("/x/{id}", "/x/{pk}", true),
            ("/x/{id}", "/x/me", true),
            ("/{a}/y", "/x/{b}", true),
            ("/x/{id}", "/x/{id}/", false),
            ("/x/{id}", "/x/", false),
            ("/x", "/y", false),
        ] {
            assert_eq!((overlap(one, other), overlap(other, one)), (expected, expected), "{one} {other}");
        }
    }

    #[test]
    fn the_documented_places_do_not_conflict() {
        assert_eq!(Plan::examine(&Settings::default()).1, []);
    }

    #[test]
    fn the_servers_own_paths_are_not_given_away() {
        for prefix in OWN.into_iter().chain(["/docs/v1"]) {
            let told = told(&[("minimal", prefix)]);
            assert!(!told.is_empty() && told.iter().all(|line| line.contains("where the server has")), "{told:?}");
        }
        assert_eq!(told(&[("minimal", "/documents")]), Vec::<String>::new());
    }

    #[test]
    fn a_prefix_within_anothers_path_is_told() {
        let told = told(&[("djoser", "/auth"), ("minimal", "/auth/users")]);
        assert!(
            told.iter().any(|line| line.starts_with("mount[1].prefix") && line.contains("behind minimal")),
            "{told:?}"
        );
    }
}
