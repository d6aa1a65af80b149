use super::*;
use crate::testing::World;

fn setting(name: &str, kind: SettingKind, default: Option<&str>) -> Setting {
    Setting {
        name: name.to_owned(),
        kind,
        default: default.map(str::to_owned),
        summary: String::new(),
        schema: None,
    }
}

#[test]
fn values_fit_their_schema() {
    let taken = |kind, schema: serde_json::Value, value: &str| {
        let mut setting = setting("it", kind, None);
        setting.schema = Some(schema);
        check_value(&setting, value)
    };
    let rate = serde_json::json!({ "minimum": 0, "exclusiveMaximum": 100 });
    for value in ["0", "00", "7.5", "007.5", "99.999", "0.5"] {
        taken(SettingKind::Decimal, rate.clone(), value).unwrap();
    }
    for value in ["-0.5", "100", "0100.0"] {
        let refused = taken(SettingKind::Decimal, rate.clone(), value).unwrap_err();
        assert!(refused.to_string().starts_with("it: "), "{refused}");
    }
    let days = serde_json::json!({ "minimum": 1 });
    taken(SettingKind::Integer, days.clone(), "+3").unwrap();
    let refused = taken(SettingKind::Integer, days, "0").unwrap_err();
    assert_eq!(refused.to_string(), "it: 0 is less than the minimum of 1");
    let one_of = serde_json::json!({ "enum": ["yes", "no"] });
    taken(SettingKind::Text, one_of.clone(), "yes").unwrap();
    taken(SettingKind::Text, one_of, "maybe").unwrap_err();
    // What is not of its kind is told first.
    let refused = taken(SettingKind::Decimal, rate, "much").unwrap_err();
    assert_eq!(refused.to_string(), "it: must be a decimal number");
}

fn declared() -> Vec<Setting> {
    vec![
        setting("limit", SettingKind::Integer, Some("10")),
        setting("panel_url", SettingKind::Url, None),
        setting("token", SettingKind::Secret, None),
    ]
}

#[test]
fn values_defaults_and_nothing() {
    let (world, declared, keys) = (World::new(), declared(), MasterKeys::new([1; 32], []));
    let set_and_get = |name: &str, value: &str| {
        world.run(|work| set(work, &declared, &keys, name, value))?;
        get(&mut world.work(), &declared, name)
    };
    assert_eq!(
        get(&mut world.work(), &declared, "limit").unwrap().as_deref(),
        Some("10")
    );
    assert_eq!(get(&mut world.work(), &declared, "panel_url").unwrap(), None);
    assert!(!is_set(&mut world.work(), &declared, "panel_url").unwrap());
    assert_eq!(set_and_get("limit", "20").unwrap().as_deref(), Some("20"));
    assert!(matches!(
        set_and_get("limit", "many"),
        Err(SettingError::Invalid(_))
    ));
    assert!(matches!(set_and_get("color", "red"), Err(SettingError::Undeclared(name)) if name == "color"));
    world.run(|work| unset(work, &declared, "limit")).unwrap();
    assert_eq!(
        get(&mut world.work(), &declared, "limit").unwrap().as_deref(),
        Some("10")
    );
}

#[test]
fn secrets_are_sealed_and_shown_to_nobody() {
    let (world, declared, keys) = (World::new(), declared(), MasterKeys::new([1; 32], []));
    assert!(!is_set(&mut world.work(), &declared, "token").unwrap());
    world
        .run(|work| set(work, &declared, &keys, "token", "s3cret-t0ken"))
        .unwrap();
    let work = &mut world.work();
    assert!(is_set(work, &declared, "token").unwrap());
    assert!(matches!(
        get(work, &declared, "token"),
        Err(SettingError::Secret(_))
    ));
    let views = list(work, &declared).unwrap();
    assert_eq!(
        (views[2].value.as_ref(), views[2].set_at),
        (None, Some(world.now()))
    );
    assert_eq!(
        reveal_secret(work, &declared, &keys, "token").unwrap().as_deref(),
        Some("s3cret-t0ken")
    );
    let row = key(work, "token");
    let stored = work.transaction.get(&row).unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("s3cret"));
    // The same row under another plugin's name does not open.
    let mut other = world.work_of(&world.acme, "beta");
    let moved = key(&other, "token");
    other.transaction.put(moved, stored.to_vec()).unwrap();
    let revealed = reveal_secret(&mut other, &declared, &keys, "token");
    assert!(matches!(revealed, Err(SettingError::Seal(SealError::Damaged))));
}

#[test]
fn values_are_of_their_kind() {
    use SettingKind::{Boolean, Decimal, Integer, Secret, Text, Url};
    let cases = [
        (Text, "", true),
        (Text, "anything\nat all", true),
        (Secret, "", false),
        (Integer, "-5", true),
        (Integer, "5.0", false),
        (Integer, "9223372036854775808", false),
        (Decimal, "-0.05", true),
        (Decimal, "5", true),
        (Decimal, "5.", false),
        (Decimal, ".5", false),
        (Decimal, "1e3", false),
        (Boolean, "true", true),
        (Boolean, "yes", false),
        (Url, "https://panel.example.com:8443/api?x=1", true),
        (Url, "ftp://panel.example.com", false),
        (Url, "panel.example.com", false),
        (Url, "https://user:pass@panel.example.com", false),
        (Url, "https://panel.example.com/#top", false),
    ];
    for (kind, value, fits) in cases {
        assert_eq!(
            check_value(&setting("x", kind, None), value).is_ok(),
            fits,
            "{kind:?} {value:?}"
        );
    }
    assert!(check_value(&setting("x", Text, None), &"x".repeat(4001)).is_err());
}
