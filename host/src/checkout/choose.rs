//! Ways to pay: which one is offered first, and which one was picked.

use mooring_core::ids::PluginName;

use super::Try;

/// A way to pay that is open to the payer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The gateway's plugin.
    pub gateway: PluginName,
    /// One of its methods.
    pub method: String,
    /// For the payer, in English: `Card`.
    pub label: String,
    /// Whether no real money is moved.
    pub test_mode: bool,
}

impl Way {
    /// What the form sends.
    pub(super) fn value(&self) -> String {
        format!("{}/{}", self.gateway, self.method)
    }

    /// What the gateway is called in a sentence: as its own method spells it (`PayPal`), or its name with a capital.
    pub(super) fn gateway_title(&self) -> String {
        title(&self.gateway, Some(&self.label))
    }
}

/// As [`Way::gateway_title`], for a gateway of which no way may be left.
pub(super) fn gateway_title(ways: &[Way], gateway: &PluginName) -> String {
    let of_gateway = |way: &&Way| way.gateway == *gateway;
    let spelled = ways
        .iter()
        .filter(of_gateway)
        .find(|way| way.label.eq_ignore_ascii_case(gateway.as_str()));
    title(gateway, spelled.map(|way| way.label.as_str()))
}

fn title(gateway: &PluginName, label: Option<&str>) -> String {
    if let Some(label) = label.filter(|label| label.eq_ignore_ascii_case(gateway.as_str())) {
        return label.to_owned();
    }
    let mut letters = gateway.as_str().chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Which way is picked already when the payer looks: the first one; after an attempt that failed, the first one of the next
/// gateway, or the gateway's next method where there is no other gateway.
pub(super) fn offered_first(ways: &[Way], failed: Option<&Try>) -> usize {
    let Some(failed) = failed else { return 0 };
    let tried = |way: &Way| way.gateway == failed.gateway && way.method == failed.method;
    let at = ways.iter().position(tried).unwrap_or(0);
    // Around the circle from the one that failed.
    let following = || (1..ways.len()).map(|step| (at + step) % ways.len());
    following()
        .find(|&index| ways[index].gateway != failed.gateway)
        .or_else(|| following().next())
        .unwrap_or(0)
}

/// Brings the ways of the gateway that a link names to the front; the others stay, in their order.
pub(super) fn prefer(ways: &mut [Way], gateway: &str) {
    ways.sort_by_key(|way| way.gateway.as_str() != gateway);
}

/// The way that a form names, if it is open.
pub(super) fn picked<'w>(ways: &'w [Way], value: &str) -> Option<&'w Way> {
    ways.iter().find(|way| way.value() == value)
}

#[cfg(test)]
mod tests {
    use mooring_core::payments::AttemptState;

    use super::super::samples;
    use super::*;

    fn ways(list: &[(&str, &str)]) -> Vec<Way> {
        list.iter()
            .map(|(gateway, method)| samples::way(gateway, method, method))
            .collect()
    }

    fn first(list: &[(&str, &str)], failed: Option<(&str, &str)>) -> usize {
        let failed =
            failed.map(|(gateway, method)| samples::attempt(gateway, method, AttemptState::Declined));
        offered_first(&ways(list), failed.as_ref())
    }

    #[test]
    fn after_a_decline_the_next_gateway_is_offered() {
        let list = [("a", "card"), ("a", "coin"), ("b", "card"), ("c", "card")];
        assert_eq!(first(&list, None), 0);
        assert_eq!(first(&list, Some(("a", "card"))), 2);
        assert_eq!(first(&list, Some(("b", "card"))), 3);
        assert_eq!(first(&list, Some(("c", "card"))), 0);
        assert_eq!(first(&list, Some(("gone", "card"))), 1);
    }

    #[test]
    fn without_another_gateway_the_next_method_is_offered_or_the_same_again() {
        assert_eq!(first(&[("a", "card"), ("a", "coin")], Some(("a", "card"))), 1);
        assert_eq!(first(&[("a", "card")], Some(("a", "card"))), 0);
        assert_eq!(first(&[], Some(("a", "card"))), 0);
    }

    #[test]
    fn a_link_can_name_the_gateway_that_comes_first() {
        let mut ways = ways(&[("a", "card"), ("b", "card"), ("a", "coin"), ("b", "coin")]);
        let order = |ways: &[Way]| ways.iter().map(Way::value).collect::<Vec<_>>();
        prefer(&mut ways, "b");
        assert_eq!(order(&ways), ["b/card", "b/coin", "a/card", "a/coin"]);
        prefer(&mut ways, "gone");
        assert_eq!(order(&ways), ["b/card", "b/coin", "a/card", "a/coin"]);
    }

    #[test]
    fn only_what_is_open_can_be_picked() {
        let ways = ways(&[("a", "card"), ("b", "crypto:USDT:ethereum")]);
        assert_eq!(picked(&ways, "b/crypto:USDT:ethereum"), Some(&ways[1]));
        for value in ["", "a", "a/", "b/card", "a/card "] {
            assert_eq!(picked(&ways, value), None, "{value}");
        }
    }

    #[test]
    fn a_gateway_is_called_as_it_spells_itself() {
        assert_eq!(
            samples::way("paypal", "wallet", "PayPal").gateway_title(),
            "PayPal"
        );
        assert_eq!(samples::way("stripe", "card", "Card").gateway_title(), "Stripe");
        let ways = [
            samples::way("paypal", "card", "Card"),
            samples::way("paypal", "wallet", "PayPal"),
        ];
        let name = |name: &str| PluginName::parse(name).unwrap();
        assert_eq!(gateway_title(&ways, &name("paypal")), "PayPal");
        assert_eq!(gateway_title(&[], &name("sandbox")), "Sandbox");
    }
}
