package import JSONText
package import YAMLTree

/// A time zone by its name in the tz database, such as `Europe/Paris`. Which names there are, the server decides: its
/// database is the one that counts. Abbreviations are refused, for they have no daylight saving time, or several.
package struct TimeZoneName: ParameterValue, Hashable, CustomStringConvertible {
  package let name: String

  package var description: String { name }

  package static var shape: Shape { .named("time zone", pattern: "^(UTC|[A-Za-z_]+(/[A-Za-z0-9_+-]+)+)$") }

  package static func read(_ node: Node, _ report: inout Diagnostics) -> TimeZoneName? {
    guard let text = report.text(node, wanted: "a time zone") else { return nil }
    if text == "UTC" { return TimeZoneName(name: text) }
    guard isName(text) else {
      report.error(
        "value.zone", "`\(text)` is not the name of a time zone", at: node.range,
        hint: "an area and a place, for example Europe/Paris, or UTC", didYouMean: suggestion(text))
      return nil
    }
    // A newer tz database may have it: apply asks the server.
    if !text.hasPrefix("Etc/"), !known.contains(text) {
      report.warning(
        "value.zone", "`\(text)` is no time zone known here; the server is asked when the plan is applied",
        at: node.range, didYouMean: Spelling.nearest(to: text, in: known))
    }
    return TimeZoneName(name: text)
  }

  package var json: JSON { .string(name) }

  private static func isName(_ text: String) -> Bool {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    return parts.count >= 2 && text.utf8.count <= 63 && parts.allSatisfy { part in
      !part.isEmpty && part.unicodeScalars.allSatisfy { scalar in
        scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789_+-".unicodeScalars.contains(scalar))
      }
    }
  }

  /// What people write for a zone that they live in.
  private static let habits = [
    "CET": "Europe/Paris", "CEST": "Europe/Paris", "MET": "Europe/Paris", "WET": "Europe/Lisbon",
    "EET": "Europe/Athens", "EEST": "Europe/Athens", "BST": "Europe/London", "MSK": "Europe/Moscow",
    "EST": "America/New_York", "EDT": "America/New_York", "EST5EDT": "America/New_York", "CST": "America/Chicago",
    "CDT": "America/Chicago", "CST6CDT": "America/Chicago", "MST": "America/Denver", "MDT": "America/Denver",
    "MST7MDT": "America/Denver", "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
    "PST8PDT": "America/Los_Angeles", "JST": "Asia/Tokyo", "IST": "Asia/Kolkata", "AEST": "Australia/Sydney",
    "AEDT": "Australia/Sydney", "NZST": "Pacific/Auckland", "GMT": "UTC", "Z": "UTC", "ZULU": "UTC",
  ]

  private static func suggestion(_ text: String) -> String? {
    if let habit = habits[text.uppercased()] { return habit }
    // `Paris`, `new york`: a place without its area.
    let place = text.split(separator: " ").joined(separator: "_").lowercased()
    return known.first { $0.lowercased().hasSuffix("/" + place) } ?? Spelling.nearest(to: text, in: known + ["UTC"])
  }

  /// For suggestions only.
  private static let known: [String] = places.sorted { $0.key < $1.key }.flatMap { area, names in
    names.split { $0 == " " || $0 == "\n" }.map { "\(area)/\($0)" }
  }

  private static let places = [
    "Africa": """
      Abidjan Accra Addis_Ababa Algiers Asmara Asmera Bamako Bangui Banjul Bissau Blantyre Brazzaville Bujumbura \
      Cairo Casablanca Ceuta Conakry Dakar Dar_es_Salaam Djibouti Douala El_Aaiun Freetown Gaborone Harare \
      Johannesburg Juba Kampala Khartoum Kigali Kinshasa Lagos Libreville Lome Luanda Lubumbashi Lusaka Malabo \
      Maputo Maseru Mbabane Mogadishu Monrovia Nairobi Ndjamena Niamey Nouakchott Ouagadougou Porto-Novo Sao_Tome \
      Timbuktu Tripoli Tunis Windhoek
      """,
    "America": """
      Adak Anchorage Anguilla Antigua Araguaina Argentina/Buenos_Aires Argentina/Catamarca \
      Argentina/ComodRivadavia Argentina/Cordoba Argentina/Jujuy Argentina/La_Rioja Argentina/Mendoza \
      Argentina/Rio_Gallegos Argentina/Salta Argentina/San_Juan Argentina/San_Luis Argentina/Tucuman \
      Argentina/Ushuaia Aruba Asuncion Atikokan Atka Bahia Bahia_Banderas Barbados Belem Belize Blanc-Sablon \
      Boa_Vista Bogota Boise Buenos_Aires Cambridge_Bay Campo_Grande Cancun Caracas Catamarca Cayenne Cayman \
      Chicago Chihuahua Ciudad_Juarez Coral_Harbour Cordoba Costa_Rica Coyhaique Creston Cuiaba Curacao \
      Danmarkshavn Dawson Dawson_Creek Denver Detroit Dominica Edmonton Eirunepe El_Salvador Ensenada Fort_Nelson \
      Fort_Wayne Fortaleza Glace_Bay Godthab Goose_Bay Grand_Turk Grenada Guadeloupe Guatemala Guayaquil Guyana \
      Halifax Havana Hermosillo Indiana/Indianapolis Indiana/Knox Indiana/Marengo Indiana/Petersburg \
      Indiana/Tell_City Indiana/Vevay Indiana/Vincennes Indiana/Winamac Indianapolis Inuvik Iqaluit Jamaica Jujuy \
      Juneau Kentucky/Louisville Kentucky/Monticello Knox_IN Kralendijk La_Paz Lima Los_Angeles Louisville \
      Lower_Princes Maceio Managua Manaus Marigot Martinique Matamoros Mazatlan Mendoza Menominee Merida \
      Metlakatla Mexico_City Miquelon Moncton Monterrey Montevideo Montreal Montserrat Nassau New_York Nipigon \
      Nome Noronha North_Dakota/Beulah North_Dakota/Center North_Dakota/New_Salem Nuuk Ojinaga Panama Pangnirtung \
      Paramaribo Phoenix Port-au-Prince Port_of_Spain Porto_Acre Porto_Velho Puerto_Rico Punta_Arenas Rainy_River \
      Rankin_Inlet Recife Regina Resolute Rio_Branco Rosario Santa_Isabel Santarem Santiago Santo_Domingo \
      Sao_Paulo Scoresbysund Shiprock Sitka St_Barthelemy St_Johns St_Kitts St_Lucia St_Thomas St_Vincent \
      Swift_Current Tegucigalpa Thule Thunder_Bay Tijuana Toronto Tortola Vancouver Virgin Whitehorse Winnipeg \
      Yakutat Yellowknife
      """,
    "Antarctica": """
      Casey Davis DumontDUrville Macquarie Mawson McMurdo Palmer Rothera South_Pole Syowa Troll Vostok
      """,
    "Arctic": """
      Longyearbyen
      """,
    "Asia": """
      Aden Almaty Amman Anadyr Aqtau Aqtobe Ashgabat Ashkhabad Atyrau Baghdad Bahrain Baku Bangkok Barnaul Beirut \
      Bishkek Brunei Calcutta Chita Choibalsan Chongqing Chungking Colombo Dacca Damascus Dhaka Dili Dubai \
      Dushanbe Famagusta Gaza Harbin Hebron Ho_Chi_Minh Hong_Kong Hovd Irkutsk Istanbul Jakarta Jayapura Jerusalem \
      Kabul Kamchatka Karachi Kashgar Kathmandu Katmandu Khandyga Kolkata Krasnoyarsk Kuala_Lumpur Kuching Kuwait \
      Macao Macau Magadan Makassar Manila Muscat Nicosia Novokuznetsk Novosibirsk Omsk Oral Phnom_Penh Pontianak \
      Pyongyang Qatar Qostanay Qyzylorda Rangoon Riyadh Saigon Sakhalin Samarkand Seoul Shanghai Singapore \
      Srednekolymsk Taipei Tashkent Tbilisi Tehran Tel_Aviv Thimbu Thimphu Tokyo Tomsk Ujung_Pandang Ulaanbaatar \
      Ulan_Bator Urumqi Ust-Nera Vientiane Vladivostok Yakutsk Yangon Yekaterinburg Yerevan
      """,
    "Atlantic": """
      Azores Bermuda Canary Cape_Verde Faeroe Faroe Jan_Mayen Madeira Reykjavik South_Georgia St_Helena Stanley
      """,
    "Australia": """
      ACT Adelaide Brisbane Broken_Hill Canberra Currie Darwin Eucla Hobart LHI Lindeman Lord_Howe Melbourne NSW \
      North Perth Queensland South Sydney Tasmania Victoria West Yancowinna
      """,
    "Europe": """
      Amsterdam Andorra Astrakhan Athens Belfast Belgrade Berlin Bratislava Brussels Bucharest Budapest Busingen \
      Chisinau Copenhagen Dublin Gibraltar Guernsey Helsinki Isle_of_Man Istanbul Jersey Kaliningrad Kiev Kirov \
      Kyiv Lisbon Ljubljana London Luxembourg Madrid Malta Mariehamn Minsk Monaco Moscow Nicosia Oslo Paris \
      Podgorica Prague Riga Rome Samara San_Marino Sarajevo Saratov Simferopol Skopje Sofia Stockholm Tallinn \
      Tirane Tiraspol Ulyanovsk Uzhgorod Vaduz Vatican Vienna Vilnius Volgograd Warsaw Zagreb Zaporozhye Zurich
      """,
    "Indian": """
      Antananarivo Chagos Christmas Cocos Comoro Kerguelen Mahe Maldives Mauritius Mayotte Reunion
      """,
    "Pacific": """
      Apia Auckland Bougainville Chatham Chuuk Easter Efate Enderbury Fakaofo Fiji Funafuti Galapagos Gambier \
      Guadalcanal Guam Honolulu Johnston Kanton Kiritimati Kosrae Kwajalein Majuro Marquesas Midway Nauru Niue \
      Norfolk Noumea Pago_Pago Palau Pitcairn Pohnpei Ponape Port_Moresby Rarotonga Saipan Samoa Tahiti Tarawa \
      Tongatapu Truk Wake Wallis Yap
      """,
  ]
}
