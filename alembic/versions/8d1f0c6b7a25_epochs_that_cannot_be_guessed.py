"""epochs that cannot be guessed, and saved carts with names"""

import sqlalchemy as sa

from alembic import op

revision = "8d1f0c6b7a25"
down_revision = "7c1e90d2ab54"
branch_labels = None
depends_on = None

RANDOM = {
    "sqlite": "lower(hex(randomblob(16)))",
    "postgresql": "replace(gen_random_uuid()::text, '-', '')",
}
"""122 random bits or more; another value for each row."""


def upgrade() -> None:
    word = RANDOM[op.get_context().dialect.name]
    with op.batch_alter_table("user_account") as users:
        users.alter_column(
            "session_epoch",
            existing_type=sa.Integer(),
            type_=sa.String(length=32),
            existing_nullable=False,
            postgresql_using="session_epoch::text",
        )
    # everyone has to log in again: what their sessions name is the number
    op.execute(f"UPDATE user_account SET session_epoch = {word}")  # noqa: S608
    name = sa.Column("cart_id", sa.String(length=40), nullable=False)
    make_saved_carts_anew(f"SELECT user_id, {word} AS cart_id, lines FROM saved_cart", name)  # noqa: S608


def downgrade() -> None:
    # of several of one user only one can stay
    make_saved_carts_anew(
        "SELECT user_id, lines FROM saved_cart WHERE NOT EXISTS (SELECT 1 FROM saved_cart other "
        "WHERE other.user_id = saved_cart.user_id AND other.cart_id > saved_cart.cart_id)"
    )
    op.execute("UPDATE user_account SET session_epoch = '0'")
    with op.batch_alter_table("user_account") as users:
        users.alter_column(
            "session_epoch",
            existing_type=sa.String(length=32),
            type_=sa.Integer(),
            existing_nullable=False,
            postgresql_using="session_epoch::integer",
        )


def make_saved_carts_anew(kept: str, *names: sa.Column[str]) -> None:
    """With another primary key, which SQLite cannot change in a table that is there."""
    op.execute(f"CREATE TEMPORARY TABLE kept_carts AS {kept}")
    op.drop_table("saved_cart")
    op.create_table(
        "saved_cart",
        sa.Column("user_id", sa.Integer(), nullable=False),
        *names,
        sa.Column("lines", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_saved_cart_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint(
            "user_id", *(column.name for column in names), name=op.f("pk_saved_cart")
        ),
    )
    op.execute("INSERT INTO saved_cart SELECT * FROM kept_carts")
    op.execute("DROP TABLE kept_carts")
