"""Pure tensor maths shared by the roles above; imports torch only."""
