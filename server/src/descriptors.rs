//! The system's limit on descriptors, of which every connection takes one.

use crate::company;
use crate::config::Config;
use crate::error::Error;

/// Descriptors that are no connections within the limit: those that are told that it is reached,
/// what listens, waits and logs, and files.
const RESERVED: u64 = 128;

/// Raises the limit as far as the system lets it: it starts programs with few. How many there may
/// be then; nothing if it does not say.
pub(crate) fn raise() -> Option<u64> {
    rlimit::increase_nofile_limit(u64::MAX).ok()
}

/// Makes `config` fit into a limit of `descriptors`. What the operator `asked` for is not changed.
///
/// # Errors
///
/// [`Error::Setting`] if more connections are asked for than there can be.
pub(crate) fn fit(config: &mut Config, asked: bool, descriptors: u64) -> Result<(), Error> {
    let reserved = RESERVED + ends_of_bots(config);
    let most = descriptors.saturating_sub(reserved);
    if u64::from(config.max_connections) <= most {
        return Ok(());
    }
    if asked {
        let rule = format!(
            "the system allows this process {descriptors} descriptors, which is {most} connections \
             and {reserved} for the rest; raise its limit, with ulimit -n or LimitNOFILE= of \
             systemd, or ask for fewer"
        );
        let value = config.max_connections.to_string();
        return Err(Error::Setting {
            name: "max-connections",
            value,
            rule,
        });
    }
    // It is less than a number of 32 bits, and the server has to have one.
    config.max_connections = u32::try_from(most).unwrap_or(u32::MAX).max(1);
    tracing::warn!(
        descriptors,
        max_connections = config.max_connections,
        "the system's limit on descriptors allows fewer connections than usual"
    );
    Ok(())
}

/// Demo bots have both ends of their connections here, of which only the server's count among those.
fn ends_of_bots(config: &Config) -> u64 {
    u64::from(config.demo_bots_here()) * company::ROOMS_MAX as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(max_connections: u32) -> Config {
        Config {
            max_connections,
            demo_bots: Some(0),
            ..Config::default()
        }
    }

    #[test]
    fn what_fits_is_not_changed() {
        for asked in [true, false] {
            let mut config = config(1000);
            assert!(fit(&mut config, asked, 1000 + RESERVED).is_ok());
            assert_eq!(config.max_connections, 1000);
        }
    }

    #[test]
    fn more_than_there_can_be_is_refused_with_what_to_do() {
        let error = fit(&mut config(1000), true, 1000).unwrap_err();
        assert_eq!(error.exit_code(), 2);
        let text = error.to_string();
        for words in [
            "max-connections",
            "1000 descriptors",
            "872 connections",
            "ulimit -n",
        ] {
            assert!(text.contains(words), "{text}");
        }
    }

    #[test]
    fn the_default_gives_way() {
        let mut config = config(10_000);
        assert!(fit(&mut config, false, 1024).is_ok());
        assert_eq!(config.max_connections, 896);
        let mut with_bots = Config::default();
        assert!(fit(&mut with_bots, false, 1024).is_ok());
        assert_eq!(with_bots.max_connections, 800);
        assert!(fit(&mut config, false, 1).is_ok());
        assert_eq!(config.max_connections, 1);
    }
}
