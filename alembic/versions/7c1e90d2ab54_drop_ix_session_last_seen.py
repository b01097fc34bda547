"""drop ix_session_last_seen"""

from alembic import op

revision = "7c1e90d2ab54"
down_revision = "58cbd8a3f4eb"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.drop_index("ix_session_last_seen")


def downgrade() -> None:
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index("ix_session_last_seen", ["last_seen"], unique=False)
