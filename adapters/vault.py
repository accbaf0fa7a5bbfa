"""Encrypts what installs bring (tokens) before it is stored. Several keys: the first encrypts, all decrypt."""

from bot.errors import SettingsError
from bot.storage import Store

MEND = 'make one with: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'


class Vault:
    """Seals and opens secrets with the operator's keys."""

    def __init__(self, keys: tuple[str, ...]) -> None:
        """SettingsError where a key is none, without repeating it."""
        if not keys:
            raise SettingsError(f"SMTPBOT_ENCRYPTION_KEYS is not set; {MEND}")
        from cryptography.fernet import Fernet, MultiFernet  # not loaded where nothing is encrypted

        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise SettingsError(f"SMTPBOT_ENCRYPTION_KEYS holds something that is no key; {MEND}") from None

    def seal(self, secret: bytes) -> bytes:
        """The secret encrypted with the first key."""
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes:
        """The secret; SettingsError where none of the keys fits."""
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise SettingsError(
                "an install cannot be decrypted: SMTPBOT_ENCRYPTION_KEYS lacks the key it was encrypted with"
            ) from None

    def reseal(self, sealed: bytes) -> bytes:
        """The same secret encrypted with the first key; SettingsError where none of the keys fits."""
        return self.seal(self.open(sealed))


async def rotate(store: Store, vault: Vault, platform: str) -> int:
    """Encrypt every install of a platform with the first key; how many there were."""
    installs = await store.find_installs(platform)
    for tenant, sealed in installs.items():
        await store.save_install(platform, tenant, vault.reseal(sealed))
    return len(installs)
