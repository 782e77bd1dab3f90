"""Turkish words that an ordinal may stand in front of with a capital letter ("2. Dünya Savaşı", "II. Mehmed")."""

ORDERED_NAMES = (
    "Dünya|Lig|Cadde|Sokak|Ordu|Bölge|Levent|Ulusal|Uluslararası|Geleneksel|Dönem|Asliye|Ağır|İcra|Ceza|Hukuk|Sulh|"
    "Selim|Murad|Murat|Mehmed|Mehmet|Mahmud|Mahmut|Ahmed|Ahmet|Osman|Mustafa|Süleyman|Bayezid|Beyazıt|Abdülhamid|"
    "Abdülmecid|Kolordu|Cumhuriyet|Köprü|Madde|Havalimanı|Kat|Sınıf|Hafta|Bölüm|Sezon|Etap|Tur|Olağan|Yıl|Yüzyıl|"
    "Meşrutiyet|Viyana|Haçlı|Justinianus|İzzeddin|Gıyaseddin|Alaeddin|Keykubad|Kılıçarslan"
)
