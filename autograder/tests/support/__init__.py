"""What tests share: classes made without grading, readers of other systems' formats, programs that stand in."""
